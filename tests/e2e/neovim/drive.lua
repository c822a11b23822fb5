-- What a person would do in Neovim, one line of output for every thing seen. Run with the example's
-- `shop/text.py` in the current folder; the configuration comes from docs/editors/neovim.md.
local TIMEOUT_MS = 60000

local function say(what, text)
  io.stdout:write(what .. "\t" .. tostring(text):gsub("\n", " ") .. "\n")
end

local function await(what, seen)
  local result
  vim.wait(TIMEOUT_MS, function()
    result = seen()
    return result
  end, 100)
  if not result then
    error(what .. ": not seen in time")
  end
  return result
end

-- 0.7 and 0.8 know their clients by another name.
local function clients()
  return (vim.lsp.get_clients or vim.lsp.get_active_clients)()
end

-- Choose from the menu of code actions, as it is put before people.
local function pick(pattern)
  vim.ui.select = function(items, _, on_choice)
    for index, item in ipairs(items) do
      local action = item.action or item[2]
      if action.title:match(pattern) then
        return on_choice(item, index)
      end
    end
    error("no action " .. pattern)
  end
  vim.lsp.buf.code_action()
end

local function play()
  vim.cmd("edit shop/text.py")
  local client = await("the client", function()
    local found = clients()[1]
    return found and found.initialized and found
  end)
  say("encoding", client.offset_encoding)

  vim.fn.search("width must")
  vim.cmd("substitute/width must/the width must/")
  vim.cmd("silent write")
  await("a diagnostic", function()
    return #vim.diagnostic.get(0) > 0
  end)
  say("diagnostic", vim.diagnostic.get(0)[1].message)

  vim.lsp.codelens.refresh(vim.fn.has("nvim-0.8") == 1 and { bufnr = 0 } or nil)
  local lenses = await("a lens", function()
    local found = vim.lsp.codelens.get(0)
    return #found > 0 and found
  end)
  say("lens", lenses[1].command.title)

  vim.fn.search("def shorten", "w")
  vim.fn.search("shorten")
  local where = vim.lsp.util.make_position_params(0, client.offset_encoding)
  local _, hover = next(vim.lsp.buf_request_sync(0, "textDocument/hover", where, TIMEOUT_MS))
  say("hover", hover.result.contents.value)

  pick("Apply fix")
  await("the fix", function()
    return vim.fn.search("len(text) < width + 1", "wn") > 0
  end)
  vim.cmd("silent write")
  say("fixed", vim.fn.getline(vim.fn.search("nothing to cut", "wn")))

  pick("Generate tests")
  await("the test file", function()
    -- 0.7 cannot be asked to show it: it is a buffer, and a message tells of it.
    return vim.fn.bufnr("test_text.py$") > 0
      and (vim.fn.has("nvim-0.8") == 0 or vim.fn.bufname():match("test_text.py$") ~= nil)
  end)
  vim.cmd("silent wall")
  say("tests", vim.fn.bufname())

  vim.lsp.stop_client(clients())
  await("the end of the server", function()
    return #clients() == 0
  end)
end

-- Nested, so that opening a file there is like opening it by hand.
vim.api.nvim_create_autocmd("VimEnter", {
  nested = true,
  callback = function()
    local went_well, fault = pcall(play)
    if went_well then
      vim.cmd("qall!")
    end
    say("fault", fault)
    vim.cmd("cquit 1")
  end,
})
