//! The link of an instance as a picture, for the camera of a phone.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use fast_qr::convert::{Builder, Shape};
use fast_qr::qr::QRBuilder;
use types::instances::InstanceId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ErrorBody, HttpError, Segment};
use crate::pages::request_origin;
use crate::state::Panel;
use app::error::ErrorKind;

pub(super) fn router() -> OpenApiRouter<Panel> {
    OpenApiRouter::new().routes(routes!(qr))
}

/// The link of an instance, as the asking browser sees it, as a QR code.
#[utoipa::path(get, path = "/api/instances/{id}/qr", tag = "instances", params(("id" = i64, Path)),
    responses((status = 200, body = String, content_type = "image/svg+xml"), (status = 404, body = ErrorBody)))]
async fn qr(
    State(panel): State<Panel>,
    Segment(id): Segment<InstanceId>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, HttpError> {
    let instance = panel.engine.instances.get(id).await?;
    let link = request_origin(&panel, Some(&headers)).link(instance).open_url;
    let picture = picture(&link).ok_or_else(|| {
        HttpError::new(
            ErrorKind::Invalid,
            "link_too_long",
            "The link is too long for a QR code.",
            "Shorten the hostname.",
        )
    })?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], picture))
}

fn picture(link: &str) -> Option<String> {
    let code = QRBuilder::new(link).build().ok()?;
    Some(
        fast_qr::convert::svg::SvgBuilder::default()
            .shape(Shape::Square)
            .margin(2)
            .to_str(&code),
    )
}

#[cfg(test)]
mod tests {
    use super::picture;

    #[test]
    fn a_link_is_drawn_and_one_that_does_not_fit_is_not() {
        let drawn = picture("http://gpu-box.lan:19001").unwrap();
        assert!(drawn.starts_with("<svg") && drawn.len() > 500, "{drawn}");
        assert_ne!(drawn, picture("http://gpu-box.lan:19002").unwrap());
        assert!(picture(&"x".repeat(8000)).is_none());
    }
}
