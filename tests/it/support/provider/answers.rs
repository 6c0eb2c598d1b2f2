//! What the stand-in for providers says, as OpenAI and Anthropic would.

use serde_json::{Value, json};

/// The three words that every stand-in's model says.
pub const WORDS: &str = "Hello from afar";

pub(super) fn chat() -> Value {
    json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "standin-1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": WORDS, "refusal": null},
            "logprobs": null, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}})
}

fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn named(value: &Value) -> String {
    format!(
        "event: {}\ndata: {value}\n\n",
        value["type"].as_str().unwrap()
    )
}

pub(super) fn chat_events() -> Vec<String> {
    let chunk = |delta: Value, end: Value| {
        json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "standin-1",
            "choices": [{"index": 0, "delta": delta, "finish_reason": end}], "usage": null})
    };
    let mut events: Vec<String> = WORDS
        .split_inclusive(' ')
        .map(|word| data(&chunk(json!({"content": word}), Value::Null)))
        .collect();
    events.push(data(&chunk(json!({}), json!("stop"))));
    events.push(data(
        &json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
        "model": "standin-1", "choices": [],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}}),
    ));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

pub(super) fn response() -> Value {
    json!({"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "standin-1",
        "error": null, "incomplete_details": null, "instructions": null, "metadata": {},
        "parallel_tool_calls": true, "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "output": [{"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "text": WORDS, "annotations": []}]}],
        "usage": {"input_tokens": 11, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 4,
            "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 15}})
}

pub(super) fn response_events() -> Vec<String> {
    let mut events: Vec<String> = WORDS
        .split_inclusive(' ')
        .enumerate()
        .map(|(number, word)| {
            named(
                &json!({"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0,
                "content_index": 0, "delta": word, "logprobs": [], "sequence_number": number}),
            )
        })
        .collect();
    let end = json!({"type": "response.completed", "sequence_number": 9, "response": response()});
    events.push(named(&end));
    events
}

pub(super) fn message() -> Value {
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "standin-1",
        "content": [{"type": "text", "text": WORDS}], "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 10, "output_tokens": 5}})
}

pub(super) fn message_events() -> Vec<String> {
    let mut begun = message();
    begun["content"] = json!([]);
    begun["stop_reason"] = Value::Null;
    begun["usage"] = json!({"input_tokens": 10, "output_tokens": 1});
    let mut events = vec![
        named(&json!({"type": "message_start", "message": begun})),
        named(
            &json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        ),
    ];
    events.extend(WORDS.split_inclusive(' ').map(|word| {
        named(&json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}))
    }));
    events.push(named(&json!({"type": "content_block_stop", "index": 0})));
    events.push(named(&json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
        "usage": {"output_tokens": 5}})));
    events.push(named(&json!({"type": "message_stop"})));
    events
}
