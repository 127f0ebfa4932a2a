//! The page that a form was sent from: where a browser without scripts is led back to.

use std::borrow::Cow;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Uri, header};

use crate::login::is_local;

/// Its path and query, where it is one of ours.
pub(crate) fn page(headers: &HeaderMap) -> Option<String> {
    let address: Uri = headers.get(header::REFERER)?.to_str().ok()?.parse().ok()?;
    let page = address.path_and_query()?.as_str();
    is_local(page).then(|| page.to_owned())
}

/// Closes the menu on it that the form may have stood in: whoever chose comes back to a closed menu.
pub(crate) async fn close_menu(mut request: Request) -> Request {
    let headers = request.headers_mut();
    if let Some(address) = headers.get(header::REFERER).and_then(without_menu) {
        headers.insert(header::REFERER, address);
    }
    request
}

/// The address without its menu; none = there is no menu in it. All else stays as it was written.
fn without_menu(address: &HeaderValue) -> Option<HeaderValue> {
    let (page, query) = address.to_str().ok()?.split_once('?')?;
    let (menu, others): (Vec<&str>, Vec<&str>) = query.split('&').partition(|pair| pair.starts_with("menu="));
    if menu.is_empty() {
        return None;
    }
    let address = match others.join("&") {
        others if others.is_empty() => Cow::Borrowed(page),
        others => format!("{page}?{others}").into(),
    };
    HeaderValue::from_str(&address).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_menu_goes() {
        let closed = |address| {
            let closed = without_menu(&HeaderValue::from_static(address))?;
            Some(closed.to_str().unwrap().to_owned())
        };
        let page = |rest: &str| Some(format!("http://localhost:9000/{rest}"));
        assert_eq!(closed("http://localhost:9000/?menu=more-3"), page(""));
        assert_eq!(
            closed("http://localhost:9000/?show=running&menu=more-3&next=/x"),
            page("?show=running&next=/x")
        );
        assert_eq!(closed("http://localhost:9000/?submenu=1"), None);
        assert_eq!(closed("http://localhost:9000/menu=1"), None);
    }
}
