"""From a prompt to the tokens the model reads."""

from __future__ import annotations

import datetime
import re
from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from genx_models.errors import ModelError, PromptTooLong, WorkerError
from genx_models.generation import Chat, Infill, Prompt
from genx_models.llama import Model

_CONTROL = re.compile(r"<(?=\|[A-Za-z0-9_]+\|>|/?s>)")
_PREFIX_SHARE = 0.75
"""Of the room for an infill whose surroundings do not fit: code before a hole says more than code after."""


class Prompts:
    """Renders prompts for one model."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._template: Any = None

    def tokens(self, prompt: Prompt, room: int) -> list[int]:
        """What the model reads, leaving at least one token of answer, and `room` tokens where that can be.

        An `Infill` that is too long is cut far from the hole; a `Text` or `Chat` raises `PromptTooLong`.
        """
        if isinstance(prompt, Infill):
            tokens = self._infill(prompt, room)
        elif isinstance(prompt, Chat):
            # Templates write begin-of-text themselves, as text.
            tokens = self._model.tokenize(self.render(prompt), special=True)
            tokens = tokens if tokens[:1] == [self._model.bos()] else self._begun(tokens)
        else:
            tokens = self._begun(self._model.tokenize(prompt.text, special=True))
        tokens = tokens or [max(self._model.bos(), self._model.eos(), 0)]
        if len(tokens) >= self._model.context:
            raise PromptTooLong(
                f"The prompt has {len(tokens)} tokens and the model holds {self._model.context}. "
                "Set models.context higher or work on a shorter function."
            )
        return tokens

    def render(self, chat: Chat) -> str:
        """The text of a chat turn in the model's own format, up to and with the prefill."""
        system, user = _harmless(chat.system), _harmless(chat.user)
        source = self._model.chat_template()
        if not source:
            return "\n\n".join(part for part in (system, user) if part) + "\n\n" + chat.prefill
        messages = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": user})
        try:
            text = self._render(source, messages)
        except _TemplateRefusal:
            # Some templates know no system role.
            merged = "\n\n".join(part for part in (system, user) if part)
            text = self._render(source, [{"role": "user", "content": merged}])
        return text + chat.prefill

    def _render(self, source: str, messages: list[dict[str, str]]) -> str:
        try:
            if self._template is None:
                self._template = _environment().from_string(source)
            text: str = self._template.render(
                messages=messages,
                add_generation_prompt=True,
                bos_token=self._special(self._model.bos()),
                eos_token=self._special(self._model.eos()),
            )
        except TemplateError as error:
            raise WorkerError(f"The model's chat template does not work: {error}.") from error
        return text

    def _special(self, token: int) -> str:
        return self._model.piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def _begun(self, tokens: list[int]) -> list[int]:
        return [self._model.bos(), *tokens] if self._model.adds_bos() else tokens

    def _infill(self, prompt: Infill, room: int) -> list[int]:
        marks = self._model.infill_tokens()
        if marks is None:
            raise WorkerError("This model cannot fill in the middle: its vocabulary has no tokens for it.")
        before, after, middle = marks
        prefix = self._model.tokenize(prompt.prefix, special=False)
        suffix = self._model.tokenize(prompt.suffix, special=False)
        space = self._model.context - min(room, self._model.context // 2) - 4
        if len(prefix) + len(suffix) > space:
            most = max(int(space * _PREFIX_SHARE), space - len(suffix))
            prefix = prefix[-most:]
            suffix = suffix[: space - len(prefix)]
        return self._begun([before, *prefix, after, *suffix, middle])


class _TemplateRefusal(ModelError):
    """The template itself said no, through `raise_exception`."""


def _environment() -> ImmutableSandboxedEnvironment:
    # A GGUF file may come from anywhere, and its template with it.
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
    return environment


def _refuse(message: str) -> NoReturn:
    raise _TemplateRefusal(message)


def _harmless(text: str) -> str:
    """Source code that spells a control token must not end the user's turn."""
    return _CONTROL.sub("< ", text)
