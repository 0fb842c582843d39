//! The page's address as a signal: links change it without a reload, and the screens follow it.

use frontend::view::route::{self, Screen};
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, HtmlAnchorElement, MouseEvent, UrlSearchParams};

use crate::follow::computed;

/// Where the page is.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    path: RwSignal<String>,
    query: RwSignal<String>,
}

/// How to go somewhere.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NavigateOptions {
    /// Takes the place of the present one in the history.
    pub(crate) replace: bool,
    /// Leaves the page scrolled as it is.
    pub(crate) keep_scroll: bool,
}

impl Place {
    /// Follows the address bar from now on, and gives the children the place as a context.
    pub(crate) fn provide() -> Self {
        let place = Self {
            path: RwSignal::new(String::new()),
            query: RwSignal::new(String::new()),
        };
        place.read();
        provide_context(place);
        let moved = Closure::<dyn Fn()>::new(move || place.read());
        let _ = window().add_event_listener_with_callback("popstate", moved.as_ref().unchecked_ref());
        moved.forget();
        let clicked = Closure::<dyn Fn(MouseEvent)>::new(move |event: MouseEvent| place.follow(&event));
        let _ = document().add_event_listener_with_callback("click", clicked.as_ref().unchecked_ref());
        clicked.forget();
        place
    }

    /// The screen: changes only when it is another one.
    pub(crate) fn screen(self) -> Memo<Screen> {
        computed(move || self.path.with(|path| route::screen(path)))
    }

    fn read(self) {
        let location = window().location();
        let (path, query) = (
            location.pathname().unwrap_or_default(),
            location.search().unwrap_or_default(),
        );
        // The query first: a screen that opens reads both.
        self.query
            .maybe_update(|known| std::mem::replace(known, query.clone()) != query);
        self.path
            .maybe_update(|known| std::mem::replace(known, path.clone()) != path);
    }

    fn go(self, href: &str, options: NavigateOptions) {
        let history = window().history();
        let _ = history.and_then(|history| match options.replace {
            true => history.replace_state_with_url(&JsValue::NULL, "", Some(href)),
            false => history.push_state_with_url(&JsValue::NULL, "", Some(href)),
        });
        self.read();
        if !options.keep_scroll {
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    }

    /// Takes a plain press on a link of this page; all others are the browser's.
    fn follow(self, event: &MouseEvent) {
        let has_modifier = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
        if event.default_prevented() || event.button() != 0 || has_modifier {
            return;
        }
        let Some(link) = link_of(event) else { return };
        let is_elsewhere = link.origin() != window().location().origin().unwrap_or_default();
        if is_elsewhere || !link.target().is_empty() || link.has_attribute("download") || link.rel() == "external" {
            return;
        }
        event.prevent_default();
        self.go(
            &format!("{}{}", link.pathname(), link.search()),
            NavigateOptions::default(),
        );
    }
}

fn link_of(event: &Event) -> Option<HtmlAnchorElement> {
    let pressed = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    pressed.closest("a[href]").ok()??.dyn_into().ok()
}

fn use_place() -> Place {
    use_context().expect("the application provides it before any view")
}

/// What goes to another address of the page.
pub(crate) fn use_navigate() -> impl Fn(&str, NavigateOptions) + Clone + 'static {
    let place = use_place();
    move |href, options| place.go(href, options)
}

/// The part of the path after `prefix`. It stays as it was when the page goes to another screen.
pub(crate) fn use_parameter(prefix: &'static str) -> Memo<String> {
    let place = use_place();
    Memo::new(move |known: Option<&String>| {
        let found = place.path.with(|path| route::parameter(path, prefix).map(decoded));
        found.or_else(|| known.cloned()).unwrap_or_default()
    })
}

/// A value of the query.
pub(crate) fn use_query(name: &'static str) -> Memo<Option<String>> {
    let place = use_place();
    computed(move || {
        place
            .query
            .with(|query| UrlSearchParams::new_with_str(query).ok()?.get(name))
    })
}

fn decoded(text: &str) -> String {
    js_sys::decode_uri_component(text).map_or_else(|_| text.to_owned(), String::from)
}

/// A link that knows whether it leads to where the page is.
#[component]
pub(crate) fn A(
    /// Where it leads.
    href: &'static str,
    /// Whether places below it do not count.
    #[prop(optional)]
    exact: bool,
    /// The text.
    children: Children,
) -> impl IntoView {
    let place = use_place();
    let current = move || {
        place
            .path
            .with(|path| route::is_current(path, href, exact))
            .then_some("page")
    };
    view! {
        <a href=href aria-current=current>
            {children()}
        </a>
    }
}
