"""Drives a provider with Anthropic's own library, unchanged but for its base URL and key.

usage: anthropic_client.py BASE_URL KEY WORDS

WORDS is what the model behind it says.
"""

import asyncio
import sys

import anthropic

ASKED = {"model": "standin-1", "max_tokens": 64, "messages": [{"role": "user", "content": "Hi"}]}


def plain(client, words):
    answer = client.messages.create(**ASKED)
    assert answer.content[0].text == words, answer
    assert answer.usage.input_tokens == 10 and answer.usage.output_tokens == 5, answer.usage
    assert [model.id for model in client.models.list()] == ["standin-1"]


def streamed(client, words):
    with client.messages.stream(**ASKED) as stream:
        assert "".join(stream.text_stream) == words
        assert stream.get_final_message().usage.output_tokens == 5
    events = [event.type for event in client.messages.create(stream=True, **ASKED)]
    assert events[0] == "message_start" and events[-1] == "message_stop", events


async def asynchronous(base, key, words):
    async with anthropic.AsyncAnthropic(base_url=base, api_key=key, max_retries=0) as client:
        async with client.messages.stream(**ASKED) as stream:
            said = "".join([text async for text in stream.text_stream])
        assert said == words, said


def refused(base, key):
    """A refusal by keyport reaches a program as one of the library's errors."""
    stranger = anthropic.Anthropic(base_url=base, api_key=key[:-1] + ("0" if key[-1] != "0" else "1"), max_retries=0)
    try:
        stranger.messages.create(**ASKED)
    except anthropic.AuthenticationError as error:
        assert error.response.headers["keyport-error"] == "invalid_key", error.response.headers
    else:
        raise AssertionError("a wrong key was accepted")


def main():
    base, key, words = sys.argv[1:]
    with anthropic.Anthropic(base_url=base, api_key=key, max_retries=0) as client:
        plain(client, words)
        streamed(client, words)
    refused(base, key)
    asyncio.run(asynchronous(base, key, words))


main()
