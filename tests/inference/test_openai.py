"""The chat API's client against a real server on loopback that is slow, rude and broken on purpose."""

from __future__ import annotations

import base64
import json
import threading
import time

import pytest

from mmeval.errors import EngineError, UsageError
from mmeval.inference import open_engine
from mmeval.inference.base import Decoding, Request
from mmeval.inference.chat import retry_after
from mmeval.inference.openai import OpenAIEngine, parse
from mmeval.samples import Image, ask
from tests.chat_server import Server, said
from tests.hub import picture

pytest.importorskip("httpx")


@pytest.fixture
def serve():
    servers = []

    def start(fault=lambda handler, attempt, body: handler.reply(body)):
        servers.append(Server(fault))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()


def requests(number: int, **more) -> list[Request]:
    return [Request(f"t/{i}", ask(f"Question {i}?"), Decoding(8, **more)) for i in range(number)]


def answers(engine, asked) -> dict[str, str]:
    got = list(engine.run(asked))
    assert len({one.id for one in got}) == len(got) == len(asked)
    assert [one.error for one in got if one.error] == []
    return {one.id: one.text for one in got}


def test_faults_change_no_answer_and_lose_none(serve):
    def rude(handler, attempt, body):
        fault = (int(said(body)[-2:], 16) + attempt) % 7 if attempt < 2 else 6
        if fault == 0:
            handler.send(429, {"error": {"message": "slow down"}}, Retry_After="0.05")
        elif fault == 1:
            handler.send(500, {"error": "inner"})
        elif fault == 2:
            handler.drop()
        elif fault == 3:
            encoded = b'{"choices": [{"message": {"content": "ha'
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(encoded)))
            handler.end_headers()
            handler.wfile.write(encoded)
        elif fault == 4:
            handler.send(200, {"choices": []})
        else:
            handler.reply(body)

    asked = requests(150)
    calm, server = serve(), serve(rude)
    wanted = answers(OpenAIEngine(calm.model), asked)
    engine = OpenAIEngine(server.model, concurrency=12, pause=0.01)
    assert answers(engine, asked) == wanted
    assert engine.stats()["tried_again"] > 50
    assert server.most <= 12
    assert calm.seen.total() == 150  # without faults nothing is asked twice


def test_a_server_that_never_recovers_gives_errors_not_answers(serve):
    server = serve(lambda handler, attempt, body: handler.send(503, {}, Retry_After="0"))
    got = list(OpenAIEngine(server.model, attempts=3, pause=0.01).run(requests(3)))
    assert [(one.finish, one.error) for one in got] == [("error", "3 tries: HTTP 503")] * 3
    assert set(server.seen.values()) == {3}


def test_a_call_that_takes_too_long_is_tried_again(serve):
    def slow(handler, attempt, body):
        time.sleep(1.0 if attempt == 0 else 0)
        handler.reply(body)

    engine = OpenAIEngine(serve(slow).model, timeout=0.3, pause=0.01)
    assert set(answers(engine, requests(2))) == {"t/0", "t/1"}


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_no_request_can_pass_stops_the_run_with_the_servers_words(serve, status):
    server = serve(lambda handler, attempt, body: handler.send(status, {"error": {"message": "no such model"}}))
    with pytest.raises(EngineError, match=f"HTTP {status} to model 'some/model:7b': no such model"):
        list(OpenAIEngine(server.model).run(requests(40)))
    assert server.seen.total() < 40


def test_a_refused_request_is_its_own_error_and_is_not_tried_again(serve):
    def picky(handler, attempt, body):
        if "1" in body["messages"][-1]["content"]:
            handler.send(400, {"error": {"message": "too long"}})
        else:
            handler.reply(body)

    server = serve(picky)
    got = {one.id: one for one in OpenAIEngine(server.model).run(requests(3))}
    assert got["t/1"].error == "HTTP 400: too long"
    assert got["t/0"].text
    assert set(server.seen.values()) == {1}


def test_finish_reasons_thinking_filter_and_empty(serve):
    kinds = [
        {"text": "cut", "finish": "length"},
        {"text": "", "finish": "length", "reasoning_content": "so …"},
        {"text": "x", "finish": "content_filter"},
        {"text": ""},
        {"text": "4", "reasoning_content": "2 + 2"},
        {"text": "<think>A? No, B.</think>\n\n C\n"},
        {"text": "<think>A? No,", "finish": "length"},
        {"text": "", "finish": "length"},  # thinking that the server keeps to itself
        {"text": "cut <think>", "finish": "length", "reasoning_content": "so \ud83d"},
    ]

    def kind(handler, attempt, body):
        handler.reply(body, **kinds[int(body["messages"][-1]["content"][9])])

    got = {one.id: one for one in OpenAIEngine(serve(kind).model).run(requests(9))}
    kept = ["length", "thinking", "error", "stop", "stop"]
    assert [got[f"t/{i}"].finish for i in range(9)] == [*kept, "stop", "thinking", "thinking", "length"]
    assert [(got[f"t/{i}"].text, got[f"t/{i}"].thinking) for i in (5, 6, 7, 8)] == [
        ("C", "A? No, B."),
        ("", "A? No,"),
        ("", None),
        ("cut <think>", "so ?"),
    ]
    assert "content filter" in got["t/2"].error
    assert (got["t/3"].text, got["t/4"].thinking) == ("", "2 + 2")


ODD = [
    {"choices": [{"message": None}]},
    {"choices": [{"message": "A"}]},
    {"choices": ["A"]},
    {"choices": [{"message": {"content": ["A"]}}]},
    [1],
    b"[" * 200_000,
    b"\xff\xfe{",
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:30])
def test_an_odd_reply_is_that_requests_trouble(serve, odd):
    def send(handler, attempt, body):
        if "1" in body["messages"][-1]["content"]:
            handler.send(200, odd)
        else:
            handler.reply(body)

    got = {one.id: one for one in OpenAIEngine(serve(send).model, attempts=2, pause=0.01).run(requests(3))}
    assert got["t/1"].error.startswith("2 tries: half a reply")
    assert got["t/0"].text
    assert got["t/2"].text


@pytest.mark.parametrize("usage", [b'"x"', b"[]", b'{"prompt_tokens": 1e400, "completion_tokens": "many"}'])
def test_odd_counts_of_tokens_cost_no_answer(serve, usage):
    reply = b'{"choices": [{"message": {"content": "A"}}], "usage": %s}' % usage
    engine = OpenAIEngine(serve(lambda handler, attempt, body: handler.send(200, reply)).model, attempts=1)
    assert answers(engine, requests(1)) == {"t/0": "A"}
    assert (engine.stats()["prompt_tokens"], engine.stats()["new_tokens"]) == (0, 0)


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_after_good_answers_is_that_requests_own(serve, status):
    def moderated(handler, attempt, body):
        if "3" in body["messages"][-1]["content"]:
            handler.send(status, {"error": {"message": "flagged"}})
        else:
            handler.reply(body)

    got = {one.id: one for one in OpenAIEngine(serve(moderated).model, concurrency=1).run(requests(6))}
    assert {id: one.error for id, one in got.items() if one.error} == {"t/3": f"HTTP {status}: flagged"}


def test_a_lone_403_is_no_wrong_key(serve):
    flagging = serve(lambda handler, attempt, body: handler.send(403, {"error": {"message": "flagged"}}))
    assert [one.error for one in OpenAIEngine(flagging.model).run(requests(1))] == ["HTTP 403: flagged"]


def test_a_server_that_is_down_stops_the_run(serve):
    notes: list[str] = []
    server = serve(lambda handler, attempt, body: handler.send(503, {}))
    engine = OpenAIEngine(server.model, attempts=2, pause=0.01, on_note=notes.append)
    with pytest.raises(EngineError, match=r"5 requests in a row, each tried 2 times: HTTP 503; is it up\?"):
        list(engine.run(requests(200)))
    assert server.seen.total() < 30
    assert notes == [f"{engine.url}: HTTP 503; such requests are tried again, up to 2 times"]


def test_a_server_that_goes_down_stops_the_run_later_and_answers_are_kept(serve):
    def dying(handler, attempt, body):
        if handler.server.seen.total() > 20:
            handler.send(503, {})
        else:
            handler.reply(body)

    got = []
    engine = OpenAIEngine(serve(dying).model, concurrency=2, attempts=2, pause=0.001)
    with pytest.raises(EngineError, match=r"25 requests in a row.*same command goes on"):
        got.extend(engine.run(requests(200)))
    assert sum(one.finish == "stop" for one in got) == 20
    assert sum(one.finish == "error" for one in got) == 24


def test_pictures_go_as_they_are_stored_and_what_is_drawn_as_png(serve):
    server = serve()
    stored = picture()["bytes"]
    drawn = Image(draw=lambda: Image(data=stored).open())
    asked = [Request("t/0", ask(Image(data=stored), "What?", drawn), Decoding(8))]
    answers(OpenAIEngine(server.model, system="Be short."), asked)
    system, user = server.bodies[0]["messages"]
    assert system == {"role": "system", "content": "Be short."}
    assert [part["type"] for part in user["content"]] == ["image_url", "text", "image_url"]
    assert user["content"][0]["image_url"]["url"] == "data:image/png;base64," + base64.b64encode(stored).decode()
    assert user["content"][2]["image_url"]["url"].startswith("data:image/png;base64,")


def test_a_newer_model_that_takes_another_name_for_the_limit(serve):
    def newer(handler, attempt, body):
        if "max_tokens" in body:
            handler.send(400, {"error": {"message": "use max_completion_tokens instead"}})
        else:
            handler.reply(body)

    server = serve(newer)
    assert len(answers(OpenAIEngine(server.model), requests(5))) == 5
    assert server.bodies[-1]["max_completion_tokens"] == 8


def test_the_key_comes_from_the_environment_and_stands_nowhere(serve, monkeypatch):
    monkeypatch.setenv("MMEVAL_API_KEY", "sk-secret")
    server = serve()
    engine = OpenAIEngine(server.model)
    answers(engine, requests(1))
    assert server.keys == {"Bearer sk-secret"}
    assert "sk-secret" not in json.dumps([engine.describe(), engine.stats()])


def test_a_server_that_says_the_key_is_not_repeated(serve, monkeypatch):
    key = "sk-secret-0123456789"
    monkeypatch.setenv("MMEVAL_API_KEY", f"{key}\n")

    def telling(handler, attempt, body):
        said = f"no rights for {handler.headers['Authorization']}"
        if "0" in body["messages"][-1]["content"]:
            handler.reply(body, said, reasoning_content=said)
        else:
            handler.send(400, {"error": {"message": "-" * 285 + said}} if attempt else said)

    notes: list[str] = []
    got = list(OpenAIEngine(serve(telling).model, on_note=notes.append).run(requests(2)))
    assert got[0].text == "no rights for Bearer ***"
    assert "sk-" not in repr([got, notes])
    refusing = serve(lambda handler, attempt, body: handler.send(401, {"error": f"wrong key: {key}"}))
    with pytest.raises(EngineError, match=r"wrong key: \*\*\*$"):
        list(OpenAIEngine(refusing.model).run(requests(1)))
    monkeypatch.setenv("MMEVAL_API_KEY", "EMPTY")  # what servers without keys are given
    empty = serve(lambda handler, attempt, body: handler.reply(body, "It is EMPTY."))
    assert answers(OpenAIEngine(empty.model), requests(1)) == {"t/0": "It is EMPTY."}
    monkeypatch.setenv("MMEVAL_API_KEY", "sk-\nsecret")
    with pytest.raises(UsageError, match="no key has"):
        OpenAIEngine(empty.model)


def test_calls_a_minute_are_kept(serve):
    server = serve()
    engine = OpenAIEngine(server.model, rate=600)
    before = time.monotonic()
    answers(engine, requests(8))
    assert time.monotonic() - before >= 7 * 0.1


SCHEMA = '{"type": "object"}'


def test_a_reply_is_held_to_a_form_where_the_server_can(serve):
    server = serve()
    answers(OpenAIEngine(server.model), requests(2, schema=SCHEMA))
    form = {"type": "json_schema", "json_schema": {"name": "reply", "schema": {"type": "object"}}}
    assert [body["response_format"] for body in server.bodies] == [form, form]
    engine = OpenAIEngine(server.model)
    free, bound = requests(1)[0], requests(1, schema=SCHEMA)[0]
    assert engine.digest(free) != engine.digest(bound)


def test_a_server_that_knows_no_forms_is_asked_without(serve):
    def knows_none(handler, attempt, body):
        if "response_format" in body:
            handler.send(400, {"error": {"message": "response_format: json_schema is not supported"}})
        else:
            handler.reply(body)

    notes = []
    server = serve(knows_none)
    assert len(answers(OpenAIEngine(server.model, on_note=notes.append), requests(20, schema=SCHEMA))) == 20
    assert len(notes) == 1
    assert "can't hold replies to a form" in notes[0]
    assert sum("response_format" not in body for body in server.bodies) == 20


def test_digests_tell_what_decides_the_answer():
    engine = OpenAIEngine("openai:m@http://localhost:1/v1")
    other = OpenAIEngine("openai:m2@http://localhost:1/v1")
    first, second = requests(2)
    assert engine.digest(first) == engine.digest(Request("other id", first.messages, first.decoding))
    different = [second, requests(1, temperature=0.5)[0], requests(1, stop=("\n",))[0]]
    assert len({engine.digest(one) for one in [first, *different]} | {other.digest(first)}) == 5
    warm = [requests(1, temperature=0.5, repeat=i)[0] for i in range(2)]
    assert engine.digest(warm[0]) != engine.digest(warm[1])


def test_leaving_early_stops_the_calls(serve):
    def slow(handler, attempt, body):
        time.sleep(0.05)
        handler.reply(body)

    server = serve(slow)
    running = OpenAIEngine(server.model, concurrency=2).run(requests(200))
    next(running)
    running.close()
    time.sleep(0.3)
    before = server.seen.total()
    time.sleep(0.3)
    assert server.seen.total() == before < 60


def test_leaving_early_ends_the_calls_in_flight(serve):
    ended = threading.Event()

    def endless(handler, attempt, body):
        if "0" in body["messages"][-1]["content"]:
            return handler.reply(body)
        handler.connection.settimeout(20)
        if handler.connection.recv(1) == b"":  # the client has closed the connection
            ended.set()

    running = OpenAIEngine(serve(endless).model, concurrency=2).run(requests(3))
    next(running)
    before = time.monotonic()
    running.close()
    assert time.monotonic() - before < 4
    assert ended.wait(4)


def test_names_and_what_can_not_be_asked(serve):
    assert parse("openai:a/b@c@http://h:1/v1/") == ("a/b@c", "http://h:1/v1")
    for bad in ("openai:m", "openai:@http://h/v1", "openai:m@h/v1"):
        with pytest.raises(UsageError, match="openai:NAME@URL"):
            parse(bad)
    for secret in ("https://user:key@h/v1", "http://:sk-1@h/v1", "http://h/v1?api-key=sk-1", "http://h/v1#sk-1"):
        with pytest.raises(UsageError, match="no keys in the URL") as raised:
            parse(f"openai:m@{secret}")
        assert "sk-1" not in str(raised.value)
    for bad in ("http://localhost:abc/v1", "http://h:99999/v1", "http:///v1", "http://[::1/v1", "http://h\x00/v1"):
        with pytest.raises(UsageError, match="the URL"):
            OpenAIEngine(f"openai:m@{bad}")
    with pytest.raises(UsageError, match="takes no --adapter"):
        open_engine("openai:m@http://h/v1", adapter="x")
    asked = [Request("t/0", ask("?"), Decoding(8), ("yes", "no"))]
    (got,) = OpenAIEngine(serve().model).run(asked)
    assert "log-likelihoods" in got.error


def test_retry_after_is_a_number_or_a_date():
    assert retry_after({"retry-after": "7"}) == 7.0
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None
