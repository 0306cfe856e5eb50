//! Which web pages of other origins may read what is answered, as clnrest has it.
//!
//! To let all of them is no risk: what counts is the rune, which a browser does not send by itself.

use crate::options::Origins;
use axum::http::HeaderValue;
use tower_http::cors::{AllowHeaders, AllowOrigin, Any, CorsLayer};

/// Answers what browsers ask first, and adds what they look for.
pub fn layer(origins: &Origins) -> CorsLayer {
    let origins: AllowOrigin = match origins {
        Origins::Any => Any.into(),
        Origins::These(origins) => {
            let values = origins
                .iter()
                .filter_map(|origin| HeaderValue::from_str(origin).ok());
            AllowOrigin::list(values)
        }
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods(Any)
        // By name, for "all of them" does not mean `Authorization` to a browser.
        .allow_headers(AllowHeaders::mirror_request())
}
