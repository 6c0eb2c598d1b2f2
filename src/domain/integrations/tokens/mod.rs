//! Tokens that a call used, as the provider tells it: in a JSON answer, or in the events of a stream.
//!
//! The answer passes by in pieces and is never held: only the small object that tells the tokens is copied out of it.
//! Where it stands, and what its fields are called, by provider:
//!
//! - `usage` at the top: OpenAI (chat, embeddings), Anthropic, Mistral, Groq, DeepSeek, xAI, OpenRouter, and what follows them.
//! - `response.usage`: final event of OpenAI's responses. `message.usage`: first event of Anthropic. `x_groq.usage`: Groq.
//! - `usageMetadata` at the top, or in each object of a list: Gemini.
//!
//! What later events tell includes what earlier ones told: of each number, the largest counts.

mod events;
mod scan;

use serde::Deserialize;
use serde::de::IgnoredAny;

use self::events::Events;
use self::scan::Scan;

/// More than any call uses: a larger number is a mistake, and is not added up.
const MOST: u64 = 1_000_000_000;

/// Tokens of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// What was sent, cached or not.
    pub input: u64,
    /// What came back, reasoning included.
    pub output: u64,
}

impl Tokens {
    /// True if nothing was told.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    fn take_in(&mut self, usage: &Usage) {
        let (input, output) = usage.sums();
        let sane = |number: Option<u64>| number.filter(|number| *number <= MOST).unwrap_or(0);
        self.input = self.input.max(sane(input));
        self.output = self.output.max(sane(output));
    }
}

/// An object that tells tokens: the fields of all providers that matter. One that has a field twice tells nothing.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Usage {
    // Gemini.
    #[serde(rename = "promptTokenCount")]
    prompt_token_count: Told,
    #[serde(rename = "toolUsePromptTokenCount")]
    tool_use_prompt_token_count: Told,
    #[serde(rename = "candidatesTokenCount")]
    candidates_token_count: Told,
    #[serde(rename = "thoughtsTokenCount")]
    thoughts_token_count: Told,
    // OpenAI's chat, and what follows it.
    prompt_tokens: Told,
    completion_tokens: Told,
    total_tokens: Told,
    // Anthropic, and OpenAI's responses.
    input_tokens: Told,
    cache_creation_input_tokens: Told,
    cache_read_input_tokens: Told,
    output_tokens: Told,
}

/// A number, if it is one. Whatever else stands in its place tells nothing, and spoils nothing.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Told {
    Number(u64),
    Else(IgnoredAny),
}

impl Default for Told {
    fn default() -> Self {
        Self::Else(IgnoredAny)
    }
}

impl Told {
    fn number(self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Else(IgnoredAny) => None,
        }
    }
}

impl Usage {
    /// What went in, and what came out.
    fn sums(&self) -> (Option<u64>, Option<u64>) {
        let sum = |first: Told, others: &[Told]| {
            let others = others.iter().filter_map(|told| told.number());
            first
                .number()
                .map(|first| others.fold(first, u64::saturating_add))
        };
        if self.prompt_token_count.number().is_some() {
            return (
                sum(self.prompt_token_count, &[self.tool_use_prompt_token_count]),
                sum(self.candidates_token_count, &[self.thoughts_token_count]),
            );
        }
        if let Some(input) = self.prompt_tokens.number() {
            // Some leave reasoning out of what was completed, and have it in the total.
            let rest = (self.total_tokens.number()).map(|total| total.saturating_sub(input));
            return (Some(input), self.completion_tokens.number().max(rest));
        }
        // Anthropic counts what it cached apart; the others have it in the first number.
        let cached = [
            self.cache_creation_input_tokens,
            self.cache_read_input_tokens,
        ];
        (sum(self.input_tokens, &cached), self.output_tokens.number())
    }
}

/// Reads along with an answer.
#[derive(Debug)]
pub struct Meter {
    tokens: Tokens,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Json(Scan),
    Events(Events),
    /// What cannot be read: another media type, or compressed.
    Other,
}

impl Meter {
    /// For an answer with this media type and coding.
    pub fn of(media_type: Option<&str>, content_encoding: Option<&str>) -> Self {
        let is_plain = content_encoding
            .is_none_or(|coding| coding.is_empty() || coding.eq_ignore_ascii_case("identity"));
        let media_type = media_type.unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        let media_type = media_type.to_ascii_lowercase();
        let form = match media_type.as_str() {
            _ if !is_plain => Form::Other,
            "text/event-stream" => Form::Events(Events::default()),
            "application/json" | "application/x-ndjson" => Form::Json(Scan::default()),
            _ => Form::Other,
        };
        Self {
            tokens: Tokens::default(),
            form,
        }
    }

    /// Takes in the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        let tokens = &mut self.tokens;
        let mut found = |object: &[u8]| {
            if let Ok(usage) = serde_json::from_slice(object) {
                tokens.take_in(&usage);
            }
        };
        match &mut self.form {
            Form::Json(scan) => scan.push(piece, &mut found),
            Form::Events(events) => events.push(piece, &mut found),
            Form::Other => {}
        }
    }

    /// What was told so far.
    pub fn tokens(&self) -> Tokens {
        self.tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads an answer whole, in halves and byte by byte: it must make no difference.
    fn tokens(media_type: &str, body: &str) -> (u64, u64) {
        let read = |size: usize| {
            let mut meter = Meter::of(Some(media_type), None);
            body.as_bytes()
                .chunks(size)
                .for_each(|piece| meter.push(piece));
            meter.tokens()
        };
        let whole = read(body.len().max(1));
        assert_eq!(read(1), whole);
        assert_eq!(read(body.len() / 2 + 1), whole);
        assert_eq!(read(7), whole);
        (whole.input, whole.output)
    }

    const JSON: &str = "application/json; charset=utf-8";
    const EVENTS: &str = "text/event-stream; charset=utf-8";

    #[test]
    fn json_answers_of_each_kind_tell_their_tokens() {
        for (body, expected) in [
            (
                r#"{"id":"c","choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21,"prompt_tokens_details":{"cached_tokens":0}}}"#,
                (9, 12),
            ),
            (
                r#"{"object":"response","output":[],"usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":4},"output_tokens":87,"total_tokens":123}}"#,
                (36, 87),
            ),
            (
                r#"{"type":"message","content":[{"type":"text","text":"hi"}],"usage":{"input_tokens":10,"cache_creation_input_tokens":5,"cache_read_input_tokens":7,"output_tokens":3}}"#,
                (22, 3),
            ),
            (
                r#"{"candidates":[],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":5,"thoughtsTokenCount":6,"totalTokenCount":15}}"#,
                (4, 11),
            ),
            (
                r#"{"object":"list","data":[{"embedding":[0.1,0.2]}],"usage":{"prompt_tokens":8,"total_tokens":8}}"#,
                (8, 0),
            ),
            (
                r#"{"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":30}}"#,
                (8, 22),
            ),
            (
                r#"[{"usageMetadata":{"promptTokenCount":4}},
                {"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":5}}]"#,
                (4, 5),
            ),
        ] {
            assert_eq!(tokens(JSON, body), expected, "{body}");
        }
    }

    #[test]
    fn streams_tell_them_in_their_events() {
        let chat = "data: {\"choices\":[{\"delta\":{\"content\":\"h\"}}],\"usage\":null}\n\n\
                    data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n";
        assert_eq!(tokens(EVENTS, chat), (3, 4));
        let anthropic = "event: message_start\r\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\r\n\r\n\
                    event: message_delta\r\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":15}}\r\n\r\n";
        assert_eq!(tokens(EVENTS, anthropic), (25, 15));
        let responses = "event: response.completed\ndata: {\"type\":\"response.completed\",\n\
                    data: \"response\":{\"id\":\"r\",\"usage\":{\"input_tokens\":5,\"output_tokens\":6}}}\n\n";
        assert_eq!(tokens(EVENTS, responses), (5, 6));
        let groq =
            "data:{\"x_groq\":{\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":8}}}\n\n";
        assert_eq!(tokens(EVENTS, groq), (7, 8));
    }

    #[test]
    fn what_a_model_wrote_is_not_taken_for_what_the_provider_tells() {
        for body in [
            r#"{"choices":[{"message":{"content":"\"usage\":{\"prompt_tokens\":9}"}}]}"#,
            r#"{"choices":[{"usage":{"prompt_tokens":9}}]}"#,
            r#"{"output":{"usage":{"prompt_tokens":9}}}"#,
            r#"{"message":{"tool":{"usage":{"input_tokens":9}}}}"#,
            r#"{"text":"usage","x":{"input_tokens":9}}"#,
        ] {
            assert_eq!(tokens(JSON, body), (0, 0), "{body}");
        }
        let comment =
            ": {\"usage\":{\"prompt_tokens\":9}}\nid: {\"usage\":{\"prompt_tokens\":9}}\n\n";
        assert_eq!(tokens(EVENTS, comment), (0, 0));
    }

    #[test]
    fn garbage_and_absurd_numbers_count_nothing() {
        for body in [
            "",
            "not json",
            r#"{"usage":{"prompt_tokens":-1,"completion_tokens":"many"}}"#,
            r#"{"usage":{"prompt_tokens":18446744073709551615}}"#,
            r#"{"usage":{"prompt_tokens":9"#,
            r#"{"usage":[9]}"#,
            "}}}]]]\"\\",
        ] {
            assert_eq!(tokens(JSON, body), (0, 0), "{body}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(tokens(JSON, &deep), (0, 0));
        let long = format!(
            r#"{{"usage":{{"x":"{}","prompt_tokens":1}}}}"#,
            "y".repeat(100_000)
        );
        assert_eq!(tokens(JSON, &long), (0, 0));
    }

    #[test]
    fn what_is_compressed_or_no_json_is_left_alone() {
        let body = br#"{"usage":{"prompt_tokens":9}}"#;
        for (media_type, coding) in [
            (Some("application/json"), Some("gzip")),
            (Some("text/html"), None),
            (None, None),
        ] {
            let mut meter = Meter::of(media_type, coding);
            meter.push(body);
            assert!(meter.tokens().is_empty());
        }
    }
}
