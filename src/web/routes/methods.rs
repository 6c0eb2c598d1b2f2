//! What answers which method at an address. Other methods get 405, with those that it takes.

use std::rc::Rc;

use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route, guard, web};

use crate::web::error::{ApiError, Code, PageError};
use crate::web::extract::operator::Operator;

/// Handlers, by method.
#[derive(Default)]
pub(super) struct Methods {
    routes: Vec<Route>,
    /// The methods, as in the header `Allow`.
    allow: Vec<&'static str>,
}

/// Answers GET, and HEAD with the same headers.
pub(super) fn get<A: FromRequest + 'static>(
    handler: impl Handler<A, Output: Responder + 'static>,
) -> Methods {
    let read = web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    Methods::default().and("GET, HEAD", read, handler)
}

/// Answers POST.
pub(super) fn post<A: FromRequest + 'static>(
    handler: impl Handler<A, Output: Responder + 'static>,
) -> Methods {
    Methods::default().post(handler)
}

/// Answers DELETE.
pub(super) fn delete<A: FromRequest + 'static>(
    handler: impl Handler<A, Output: Responder + 'static>,
) -> Methods {
    Methods::default().delete(handler)
}

impl Methods {
    /// Answers POST as well.
    pub(super) fn post<A: FromRequest + 'static>(
        self,
        handler: impl Handler<A, Output: Responder + 'static>,
    ) -> Self {
        self.and("POST", web::post(), handler)
    }

    /// Answers PATCH as well.
    pub(super) fn patch<A: FromRequest + 'static>(
        self,
        handler: impl Handler<A, Output: Responder + 'static>,
    ) -> Self {
        self.and("PATCH", web::patch(), handler)
    }

    /// Answers DELETE as well.
    pub(super) fn delete<A: FromRequest + 'static>(
        self,
        handler: impl Handler<A, Output: Responder + 'static>,
    ) -> Self {
        self.and("DELETE", web::delete(), handler)
    }

    fn and<A: FromRequest + 'static>(
        mut self,
        method: &'static str,
        route: Route,
        handler: impl Handler<A, Output: Responder + 'static>,
    ) -> Self {
        self.allow.push(method);
        self.routes.push(route.to(handler));
        self
    }

    fn at(self, path: &str) -> (Resource, Rc<str>) {
        let resource = (self.routes.into_iter()).fold(web::resource(path), Resource::route);
        (resource, self.allow.join(", ").into())
    }
}

/// An address of the portal.
pub(super) fn page(path: &str, methods: Methods) -> Resource {
    let (resource, allow) = methods.at(path);
    resource.default_service(web::to(move || {
        let error = PageError::MethodNotAllowed((*allow).into());
        async { Err::<HttpResponse, _>(error) }
    }))
}

/// An address of the operator area: as good as not there for everyone else, by other methods too.
pub(super) fn operator_page(path: &str, methods: Methods) -> Resource {
    let (resource, allow) = methods.at(path);
    resource.default_service(web::to(move |_: Operator| {
        let error = PageError::MethodNotAllowed((*allow).into());
        async { Err::<HttpResponse, _>(error) }
    }))
}

/// An address of the API.
pub(super) fn call(path: &str, methods: Methods) -> Resource {
    let (resource, allow) = methods.at(path);
    resource.default_service(web::to(move || {
        let error = ApiError {
            allow: Some((*allow).into()),
            ..ApiError::new(
                Code::MethodNotAllowed,
                format!("This address takes {allow}."),
            )
        };
        async { Err::<HttpResponse, _>(error) }
    }))
}
