//! Questions by HTTP, from the page and from its workers alike.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestCache, RequestInit, Response};

#[wasm_bindgen]
extern "C" {
    // Window and worker have it under one name.
    #[wasm_bindgen(js_name = fetch)]
    fn begin(url: &str, init: &RequestInit) -> js_sys::Promise;
}

/// Asks with GET, or with POST if there is a body of JSON. What is kept of an answer is used only when the node says anew
/// that it holds.
///
/// # Errors
/// What the browser threw: nothing answers, or `signal` ended it.
pub(crate) async fn fetch(
    url: &str,
    body: Option<&str>,
    accept: &str,
    signal: Option<&AbortSignal>,
) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.set("accept", accept)?;
    let init = RequestInit::new();
    init.set_signal(signal);
    match body {
        Some(body) => {
            headers.set("content-type", "application/json")?;
            init.set_method("POST");
            init.set_body(&JsValue::from_str(body));
        }
        None => init.set_cache(RequestCache::NoCache),
    }
    init.set_headers(&headers);
    JsFuture::from(begin(url, &init)).await.map(JsCast::unchecked_into)
}

/// The text of an answer.
///
/// # Errors
/// What the browser threw: the connection ended before it.
pub(crate) async fn text(response: &Response) -> Result<String, JsValue> {
    let text = JsFuture::from(response.text()?).await?;
    Ok(text.as_string().unwrap_or_default())
}

/// The bytes of an answer.
///
/// # Errors
/// What the browser threw: the connection ended before it.
pub(crate) async fn bytes(response: &Response) -> Result<Vec<u8>, JsValue> {
    let buffer = JsFuture::from(response.array_buffer()?).await?;
    Ok(js_sys::Uint8Array::new(&buffer).to_vec())
}
