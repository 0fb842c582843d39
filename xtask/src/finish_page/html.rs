//! As much of HTML as the page's one document needs: start tags with attributes, comments, and raw text.

use std::ops::Range;

use anyhow::{Context, Result};

/// A start tag, and where it stands.
#[derive(Debug)]
pub(super) struct Tag {
    /// The element's name in lower case.
    pub(super) name: String,
    /// Names in lower case and values, in order.
    pub(super) attributes: Vec<(String, String)>,
    /// Where the tag stands in the text.
    pub(super) range: Range<usize>,
    /// Where the content of a script or style stands.
    pub(super) raw_text: Option<Range<usize>>,
}

impl Tag {
    /// An attribute's value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// Sets an attribute.
    pub(super) fn set(&mut self, name: &str, value: String) {
        match self.attributes.iter_mut().find(|(own, _)| own == name) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((name.to_owned(), value)),
        }
    }

    /// Removes an attribute.
    pub(super) fn remove(&mut self, name: &str) {
        self.attributes.retain(|(own, _)| own != name);
    }

    /// The tag as text.
    pub(super) fn render(&self) -> String {
        let mut text = format!("<{}", self.name);
        for (name, value) in &self.attributes {
            text.push(' ');
            text.push_str(name);
            if !value.is_empty() {
                text.push_str(&format!("=\"{}\"", value.replace('&', "&amp;").replace('"', "&quot;")));
            }
        }
        text.push('>');
        text
    }
}

/// All start tags of a document, in order.
///
/// # Errors
/// When a comment, a tag or a script is not closed.
pub(super) fn tags(html: &str) -> Result<Vec<Tag>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = html[at..].find('<') {
        let start = at + offset;
        let rest = &html[start..];
        if rest.starts_with("<!--") {
            at = start + rest.find("-->").context("index.html: a comment is not closed")? + 3;
        } else if rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            let mut tag = read_tag(html, start).context("index.html: a tag is not closed")?;
            at = tag.range.end;
            if tag.name == "script" || tag.name == "style" {
                let close = format!("</{}", tag.name);
                let length = html[at..].to_ascii_lowercase().find(&close);
                let end = at + length.with_context(|| format!("index.html: a {} is not closed", tag.name))?;
                tag.raw_text = Some(at..end);
                at = end;
            }
            found.push(tag);
        } else {
            at = start + 1;
        }
    }
    Ok(found)
}

fn read_tag(html: &str, start: usize) -> Option<Tag> {
    let mut rest = &html[start + 1..];
    let name = take_while(&mut rest, |c| !c.is_ascii_whitespace() && c != '>' && c != '/').to_ascii_lowercase();
    let mut attributes = Vec::new();
    loop {
        take_while(&mut rest, |c| c.is_ascii_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return Some(Tag {
                name,
                attributes,
                range: start..html.len() - after.len(),
                raw_text: None,
            });
        }
        let attribute = take_while(&mut rest, |c| !c.is_ascii_whitespace() && !"=>/".contains(c)).to_ascii_lowercase();
        take_while(&mut rest, |c| c.is_ascii_whitespace());
        let value = match rest.strip_prefix('=') {
            None => String::new(),
            Some(after) => {
                rest = after.trim_ascii_start();
                read_value(&mut rest)?
            }
        };
        if attribute.is_empty() {
            return None;
        }
        attributes.push((attribute, value.replace("&quot;", "\"").replace("&amp;", "&")));
    }
}

fn read_value(rest: &mut &str) -> Option<String> {
    let quote = rest.chars().next().filter(|c| "\"'".contains(*c));
    let Some(quote) = quote else {
        return Some(take_while(rest, |c| !c.is_ascii_whitespace() && c != '>').to_owned());
    };
    let (value, after) = rest[1..].split_once(quote)?;
    *rest = after;
    Some(value.to_owned())
}

fn take_while<'a>(rest: &mut &'a str, wanted: impl Fn(char) -> bool) -> &'a str {
    let (taken, after) = rest.split_at(rest.find(|c| !wanted(c)).unwrap_or(rest.len()));
    *rest = after;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_names_attributes_and_raw_text() {
        let html = "<!DOCTYPE html><!-- <script> --><LINK rel=icon href='/a b'><p data-x>1 < 2</p><script>if (a<b) {}</script>";
        let tags = tags(html).unwrap();
        let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(names, ["link", "p", "script"]);
        assert_eq!(tags[0].get("href"), Some("/a b"));
        assert_eq!(tags[1].get("data-x"), Some(""));
        assert_eq!(&html[tags[2].raw_text.clone().unwrap()], "if (a<b) {}");
        assert_eq!(&html[tags[1].range.clone()], "<p data-x>");
    }

    #[test]
    fn rendering_reads_back() {
        let mut tag = tags("<meta content=\"a &amp; &quot;b&quot;\" name=x />")
            .unwrap()
            .remove(0);
        assert_eq!(tag.get("content"), Some("a & \"b\""));
        tag.set("name", "y".into());
        assert_eq!(tag.render(), "<meta content=\"a &amp; &quot;b&quot;\" name=\"y\">");
    }

    #[test]
    fn unclosed_things_are_errors() {
        for html in ["<!-- x", "<script>x", "<p class=\"", "<p a", "<p =\"x\">"] {
            assert!(tags(html).is_err(), "{html}");
        }
    }
}
