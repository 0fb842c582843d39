//! Markup on the screen, built of elements and texts: nothing that a node says is ever read as markup.

use frontend::view::markup::{Markup, Step};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Node};

const HTML: &str = "http://www.w3.org/1999/xhtml";
const SVG: &str = "http://www.w3.org/2000/svg";
/// What the browser calls a text.
const TEXT: &str = "#text";

/// Makes a place show markup. What is alike there already stays, as it may have the focus, be selected, or be pressed just
/// then. Elements are matched by their place among their siblings: of a list that gets a new first row, each row stays and
/// says what the one before it said. An attribute that markup no longer names would stay as well, so that elements of one
/// name at one place have to have attributes of the same names.
pub(crate) fn build(place: &Element, markup: &Markup) {
    // The elements that are open, each with the first of its children that was not looked at yet.
    let mut open = vec![(place.clone(), place.first_child())];
    let mut steps = markup.steps();
    steps.push(Step::Close);
    for step in steps {
        let Some((parent, next)) = open.last_mut() else { return };
        match step {
            Step::Open(name) => {
                let Some(element) = child(parent, next, name) else {
                    return;
                };
                let first = element.first_child();
                open.push((element.unchecked_into(), first));
            }
            Step::Attribute(name, value) => {
                if parent.get_attribute(name).as_ref() != Some(&value) {
                    let _ = parent.set_attribute(name, &value);
                }
            }
            Step::Text(text) => {
                let Some(node) = child(parent, next, TEXT) else { return };
                if node.text_content().as_ref() != Some(&text) {
                    node.set_text_content(Some(&text));
                }
            }
            Step::Close => {
                while let Some(surplus) = next.take() {
                    *next = surplus.next_sibling();
                    let _ = parent.remove_child(&surplus);
                }
                open.pop();
            }
        }
    }
}

/// The next child if it is what it should be, or else a new one before it.
fn child(parent: &Element, next: &mut Option<Node>, name: &str) -> Option<Node> {
    let like = next.take_if(|next| next.node_name().eq_ignore_ascii_case(name));
    if let Some(like) = like {
        *next = like.next_sibling();
        return Some(like);
    }
    let new: Node = if name == TEXT {
        document().create_text_node("").into()
    } else {
        let is_drawing = name == "svg" || parent.namespace_uri().as_deref() == Some(SVG);
        let namespace = if is_drawing { SVG } else { HTML };
        document().create_element_ns(Some(namespace), name).ok()?.into()
    };
    parent.insert_before(&new, next.as_ref()).ok()
}
