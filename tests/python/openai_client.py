"""Drives a provider with OpenAI's own library, unchanged but for its base URL and key.

usage: openai_client.py BASE_URL KEY WORDS

WORDS is what the model behind it says.
"""

import asyncio
import sys

import openai


def plain(client, words):
    answer = client.chat.completions.create(model="standin-1", messages=[{"role": "user", "content": "Hi"}])
    assert answer.choices[0].message.content == words, answer
    assert answer.usage.prompt_tokens == 9 and answer.usage.completion_tokens == 3, answer.usage
    answer = client.responses.create(model="standin-1", input="Hi")
    assert answer.output_text == words, answer
    assert [model.id for model in client.models.list()] == ["standin-1"]


def streamed(client, words):
    stream = client.chat.completions.create(
        model="standin-1",
        messages=[{"role": "user", "content": "Hi"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == words, said
    assert chunks[-1].usage.total_tokens == 12, chunks[-1]
    events = list(client.responses.create(model="standin-1", input="Hi", stream=True))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == words
    assert events[-1].type == "response.completed" and events[-1].response.usage.output_tokens == 4, events[-1]


async def asynchronous(base, key, words):
    async with openai.AsyncOpenAI(base_url=base, api_key=key, max_retries=0) as client:
        stream = await client.chat.completions.create(
            model="standin-1", messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        said = ""
        async for chunk in stream:
            said += (chunk.choices[0].delta.content or "") if chunk.choices else ""
        assert said == words, said


def refused(base, key):
    """A refusal by keyport reaches a program as one of the library's errors."""
    stranger = openai.OpenAI(base_url=base, api_key=key[:-1] + ("0" if key[-1] != "0" else "1"), max_retries=0)
    try:
        stranger.models.list()
    except openai.AuthenticationError as error:
        assert error.response.headers["keyport-error"] == "invalid_key", error.response.headers
    else:
        raise AssertionError("a wrong key was accepted")


def main():
    base, key, words = sys.argv[1:]
    with openai.OpenAI(base_url=base, api_key=key, max_retries=0) as client:
        plain(client, words)
        streamed(client, words)
    refused(base, key)
    asyncio.run(asynchronous(base, key, words))


main()
