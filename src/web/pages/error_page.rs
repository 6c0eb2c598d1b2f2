//! The page that says what went wrong.

use askama::Template;

use crate::web::error::PageWords;
use crate::web::extract::visitor::ErrorPageContext;
use crate::web::layout::Layout;
use crate::web::state::AppState;

#[derive(Template)]
#[template(path = "pages/error.html")]
struct ErrorPage {
    layout: Layout,
    text: String,
    request_id: String,
}

/// Writes the page.
///
/// # Errors
/// If the template fails, which is a defect.
pub fn render(
    words: &PageWords,
    request_id: &str,
    context: Option<ErrorPageContext>,
    state: &AppState,
) -> Result<String, askama::Error> {
    ErrorPage {
        layout: Layout::of_error(words.title, context, state),
        text: words.text.clone(),
        request_id: request_id.to_owned(),
    }
    .render()
}
