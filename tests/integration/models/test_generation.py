from __future__ import annotations

import threading
import time

import pytest

from genx_models import AdapterError, Chat, GrammarError, Infill, PromptTooLong, Request, Text, WorkerError

ADD = Chat(
    "Write one assert that tests this function:\n```python\ndef add(a, b):\n    return a + b\n```",
    prefill="assert add(",
)


def samples(worker, request, cancel=None):
    return sorted(worker.generate(request, cancel), key=lambda completion: completion.index)


def test_a_model_describes_itself(small) -> None:
    info = small.info()

    assert info.architecture == "llama"
    assert info.parameters == 134_515_008
    assert info.has_chat_template
    assert not info.can_infill
    assert info.context == 512


def test_the_same_request_gives_the_same_samples_whatever_the_cache_holds(small) -> None:
    request = Request(ADD, samples=4, max_tokens=12, seed=7)

    first = samples(small, request)
    again = samples(small, request)
    samples(small, Request(Text("Something else entirely. " * 20), max_tokens=2))
    later = samples(small, request)

    assert first == again == later
    assert [completion.index for completion in first] == [0, 1, 2, 3]
    assert len({completion.text for completion in first}) > 1


def test_another_seed_gives_other_samples(small) -> None:
    one = samples(small, Request(ADD, samples=3, max_tokens=12, seed=1))
    other = samples(small, Request(ADD, samples=3, max_tokens=12, seed=100))

    assert [c.text for c in one] != [c.text for c in other]


def test_what_two_requests_draw_can_be_drawn_in_one(small) -> None:
    # Of one token each: how many are decoded together may change the last digits of what comes after it.
    def drawn(**wanted) -> list[str]:
        return [c.text for c in samples(small, Request(ADD, max_tokens=1, temperature=2.0, **wanted))]

    apart = drawn(samples=6, seed=1) + drawn(samples=6, seed=100)
    assert drawn(samples=12, seeds=(*range(1, 7), *range(100, 106))) == apart
    assert len(set(apart)) > 2


def test_without_temperature_all_samples_are_the_likeliest_one(small) -> None:
    greedy = samples(small, Request(ADD, samples=3, max_tokens=8, temperature=0))

    assert len(greedy) == 3
    assert len({(c.text, c.logprob) for c in greedy}) == 1


def test_a_sample_ends_before_the_first_stop_string_wherever_tokens_end(small) -> None:
    # "elephant" and the spaces around it are several tokens; the stop string begins inside one.
    request = Request(Text("one two three four five six seven eight"), max_tokens=12, temperature=0)
    (free,) = samples(small, request)
    stop = free.text[5:9]

    (stopped,) = samples(small, Request(request.prompt, max_tokens=12, temperature=0, stop=(stop, "zzz")))

    assert free.finish == "length"
    assert stopped.finish == "stop"
    assert stopped.text == free.text[: free.text.index(stop)]


def test_a_sample_has_at_most_its_tokens(small) -> None:
    (completion,) = samples(small, Request(Text("Once upon a time"), max_tokens=5, temperature=0))

    assert completion.tokens == 5
    assert completion.finish == "length"
    assert completion.logprob < 0


def test_more_samples_than_fit_at_once_take_turns(small) -> None:
    many = samples(small, Request(Text("1, 2, 3,"), samples=40, max_tokens=2))

    assert [completion.index for completion in many] == list(range(40))


def test_a_prompt_in_other_scripts_is_understood_and_the_answer_is_text(small) -> None:
    (completion,) = samples(small, Request(Text("日本語 ελληνικά 🙂 "), max_tokens=6, temperature=0))

    completion.text.encode("utf-8")
    assert "�" not in completion.text


def test_a_grammar_bounds_what_is_said(small) -> None:
    grammar = 'root ::= [0-9]{1,3} ", " [0-9]{1,3} ") == " [0-9]{1,4}'

    for completion in samples(small, Request(ADD, samples=4, max_tokens=24, grammar=grammar)):
        a, rest = completion.text.split(", ")
        b, c = rest.split(") == ")
        assert all(part.isdigit() for part in (a, b, c))
        assert completion.finish == "end"


def test_a_grammar_that_is_none_is_refused_and_the_worker_goes_on(small) -> None:
    with pytest.raises(GrammarError, match="refuses the grammar"):
        samples(small, Request(ADD, grammar="root ::= ("))
    assert samples(small, Request(ADD, max_tokens=1))


def test_a_grammar_the_model_has_no_mind_to_follow_is_followed(small) -> None:
    (completion,) = samples(small, Request(ADD, max_tokens=30, grammar='root ::= "~~§§ zyx ☃"'))

    assert completion.text == "~~§§ zyx ☃"


def test_the_prefill_is_not_repeated_and_the_chat_template_ends_the_turn(small) -> None:
    (completion,) = samples(small, Request(ADD, max_tokens=24, temperature=0))

    assert not completion.text.startswith("assert")
    assert "<|im" not in completion.text


def test_a_prompt_that_is_too_long_says_how_long(small) -> None:
    with pytest.raises(PromptTooLong, match=r"\d+ tokens and the model holds 512"):
        samples(small, Request(Text("word " * 2000)))


def test_an_answer_fills_what_the_context_leaves(small) -> None:
    tokens = 500
    prompt = Text("a" + " a" * (tokens - 1))

    (completion,) = samples(small, Request(prompt, max_tokens=500, temperature=0, stop=()))

    assert completion.finish in ("length", "end")
    assert completion.tokens <= 512 - tokens + 2


def test_an_infill_needs_a_model_that_can(small) -> None:
    with pytest.raises(WorkerError, match="cannot fill in the middle"):
        samples(small, Request(Infill("def f():\n", "\n")))


def test_an_adapter_that_is_not_there_or_no_adapter_is_refused(small, tmp_path) -> None:
    with pytest.raises(AdapterError, match="no adapter named mine"):
        samples(small, Request(ADD, adapter="mine"))
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF")
    small.register_adapter("mine", broken)
    with pytest.raises(AdapterError, match=r"broken\.gguf"):
        samples(small, Request(ADD, adapter="mine"))
    assert samples(small, Request(ADD, max_tokens=1))


def test_the_likelier_continuation_scores_higher(small) -> None:
    prompt = Text("The capital of France is")

    likely, unlikely, empty = small.score(prompt, [" Paris", " zebra cabbage", ""])

    assert unlikely < likely < 0
    assert empty == 0


def test_scores_are_the_log_probabilities_of_what_was_sampled(small) -> None:
    (completion,) = samples(small, Request(Text("Once upon a"), max_tokens=1, temperature=0))

    (score,) = small.score(Text("Once upon a"), [completion.text])

    assert score == pytest.approx(completion.logprob, abs=0.02)


def test_a_cancel_yields_nothing_more_and_the_next_request_is_served(small) -> None:
    cancel = threading.Event()
    yielded = []
    for completion in small.generate(Request(ADD, samples=6, max_tokens=400, stop=()), cancel):
        yielded.append(completion)
        cancel.set()

    assert len(yielded) < 6
    assert samples(small, Request(ADD, max_tokens=1))


def test_an_iterator_that_is_dropped_ends_the_decoding(small) -> None:
    iterator = small.generate(Request(ADD, samples=8, max_tokens=400))
    next(iterator)
    iterator.close()

    began = time.monotonic()
    assert samples(small, Request(Text("a"), max_tokens=1))
    assert time.monotonic() - began < 60


def test_requests_from_several_threads_are_all_served(small) -> None:
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        request = Request(Text(f"{number}, {number},"), max_tokens=3, temperature=0)
        answers[number] = samples(small, request)[0].text

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [0, 1, 2]


@pytest.mark.model
def test_the_default_model_fills_in_a_line(coder) -> None:
    hole = Infill("def add(a, b):\n    return a", "\n\n\nprint(add(1, 2))  # 3\n")

    texts = [c.text for c in samples(coder, Request(hole, samples=4, max_tokens=8, stop=("\n",)))]

    assert any(text.strip() == "+ b" for text in texts)


@pytest.mark.model
def test_an_infill_in_a_long_file_keeps_what_is_near_the_hole(coder) -> None:
    far = "".join(f"value_{number} = {number}\n" for number in range(400))
    hole = Infill(far + "\n\ndef double(x):\n    return x", "\n\n\nprint(double(4))  # 8\n" + far)

    (completion,) = samples(coder, Request(hole, max_tokens=5, temperature=0, stop=("\n",)))

    assert completion.text.strip() == "* 2"
