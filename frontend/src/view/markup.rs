//! Markup that is written as text: for drawings of many parts, where a view of each would weigh more than all they show.
//!
//! It is never given to the browser as text. Tags are texts of the program itself, as their type says; all else becomes the
//! text of a node or the value of an attribute, whatever it holds.

use super::text::decimal;

/// Markup in the making.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Markup(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Tag(&'static str),
    Text(String),
}

/// One step of building it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// An element begins within the one that is open.
    Open(&'static str),
    /// The open element has an attribute.
    Attribute(&'static str, String),
    /// The open element holds a text.
    Text(String),
    /// The open element ends.
    Close,
}

impl Markup {
    /// Adds tags, with attributes in double quotes.
    pub fn tag(&mut self, tag: &'static str) -> &mut Self {
        self.0.push(Piece::Tag(tag));
        self
    }

    /// Adds a text, wherever it comes from: between tags, or within the quotes of an attribute.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.0.push(Piece::Text(text.to_owned()));
        self
    }

    /// Adds a number with one decimal.
    pub fn number(&mut self, number: f64) -> &mut Self {
        self.text(&decimal(number, 1))
    }

    /// Adds `M x y`, or another step of a path.
    pub fn step(&mut self, step: &'static str, x: f64, y: f64) -> &mut Self {
        self.tag(step).number(x).tag(" ").number(y)
    }

    /// Adds other markup.
    pub fn all(&mut self, other: &Self) -> &mut Self {
        self.0.extend_from_slice(&other.0);
        self
    }

    /// How it is built.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut place = Place::Text;
        // The text or the value so far.
        let mut value = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => value.push_str(text),
                Piece::Tag(tag) => {
                    let mut rest = *tag;
                    while !rest.is_empty() {
                        (place, rest) = place.read(rest, &mut value, &mut steps);
                    }
                }
            }
        }
        end_text(&mut value, &mut steps);
        steps
    }
}

/// Where in the markup a tag's next letter is.
#[derive(Clone, Copy)]
enum Place {
    Text,
    Tag,
    Value(&'static str),
}

impl Place {
    /// Reads a part of a tag; gives the place behind it, and the rest.
    fn read(self, tag: &'static str, value: &mut String, steps: &mut Vec<Step>) -> (Self, &'static str) {
        match self {
            Self::Text => {
                let Some((before, tag)) = tag.split_once('<') else {
                    value.push_str(tag);
                    return (self, "");
                };
                value.push_str(before);
                end_text(value, steps);
                if let Some(closing) = tag.strip_prefix('/') {
                    steps.push(Step::Close);
                    return (self, closing.split_once('>').map_or("", |(_, rest)| rest));
                }
                let end = tag.find([' ', '>', '/']).unwrap_or(tag.len());
                steps.push(Step::Open(&tag[..end]));
                (Self::Tag, &tag[end..])
            }
            Self::Tag => {
                let tag = tag.trim_start();
                if let Some(rest) = tag.strip_prefix("/>") {
                    steps.push(Step::Close);
                    return (Self::Text, rest);
                }
                if let Some(rest) = tag.strip_prefix('>') {
                    return (Self::Text, rest);
                }
                match tag.split_once("=\"") {
                    Some((name, rest)) => (Self::Value(name), rest),
                    None => (self, ""),
                }
            }
            Self::Value(name) => {
                let Some((end, rest)) = tag.split_once('"') else {
                    value.push_str(tag);
                    return (self, "");
                };
                value.push_str(end);
                steps.push(Step::Attribute(name, std::mem::take(value)));
                (Self::Tag, rest)
            }
        }
    }
}

fn end_text(value: &mut String, steps: &mut Vec<Step>) {
    if !value.is_empty() {
        steps.push(Step::Text(std::mem::take(value)));
    }
}

/// For tests: as a document would have it.
#[cfg(test)]
impl std::fmt::Display for Markup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let escaped = |text: &str| {
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            text.replace('"', "&quot;")
        };
        for piece in &self.0 {
            match piece {
                Piece::Tag(tag) => f.write_str(tag)?,
                Piece::Text(text) => f.write_str(&escaped(text))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_program_s_own_texts_are_tags() {
        let mut path = Markup::default();
        path.step("M", 2.0, -3.04);
        let mut markup = Markup::default();
        markup
            .tag("<p class=\"a\">One <a title=\"")
            .text("\"><script>'&")
            .tag("\" href=\"/x\">");
        markup
            .text("</p>")
            .tag(" two</a><path d=\"")
            .all(&path)
            .tag("\"/></p>end");
        let value = |name, value: &str| Step::Attribute(name, value.to_owned());
        let expected = [
            Step::Open("p"),
            value("class", "a"),
            Step::Text("One ".to_owned()),
            Step::Open("a"),
            value("title", "\"><script>'&"),
            value("href", "/x"),
            Step::Text("</p> two".to_owned()),
            Step::Close,
            Step::Open("path"),
            value("d", "M2 -3"),
            Step::Close,
            Step::Close,
            Step::Text("end".to_owned()),
        ];
        assert_eq!(markup.steps(), expected);
    }
}
