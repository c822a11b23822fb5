"""`python -m genx_lsp` is `genx-lsp`."""

from genx_lsp.cli import main

if __name__ == "__main__":
    main()
