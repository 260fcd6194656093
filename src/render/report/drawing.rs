//! Shapes on a plane, from which the page makes SVG.

use serde::Serialize;

use super::Tint;

/// A drawing: shapes on a plane, in CSS pixels from the upper left corner.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Drawing {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) rects: Vec<Rect>,
    pub(super) lines: Vec<Line>,
    pub(super) paths: Vec<Path>,
    pub(super) circles: Vec<Circle>,
    pub(super) texts: Vec<Label>,
    /// The meaning of the colours: class and words.
    pub(super) legend: Vec<(&'static str, String)>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) class: &'static str,
    pub(super) title: String,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Line {
    pub(super) x1: f64,
    pub(super) y1: f64,
    pub(super) x2: f64,
    pub(super) y2: f64,
    pub(super) class: &'static str,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Path {
    pub(super) d: String,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Circle {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) radius: f64,
    pub(super) class: &'static str,
    pub(super) title: String,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Label {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) anchor: &'static str,
    pub(super) class: &'static str,
    pub(super) text: String,
}

pub(super) const WIDE: f64 = 720.0;

pub(super) const NARROW: f64 = 320.0;

/// The average width of a character.
pub(super) const CHARACTER: f64 = 7.0;

impl Drawing {
    pub(super) fn is_narrow(&self) -> bool {
        self.width < 500.0
    }

    pub(super) fn text(
        &mut self,
        x: f64,
        y: f64,
        anchor: &'static str,
        class: &'static str,
        text: impl ToString,
    ) {
        self.texts.push(Label { x: tidy(x), y: tidy(y), anchor, class, text: text.to_string() });
    }

    pub(super) fn rule(&mut self, [x1, y1, x2, y2]: [f64; 4], class: &'static str) {
        self.lines.push(Line { x1: tidy(x1), y1: tidy(y1), x2: tidy(x2), y2: tidy(y2), class });
    }

    pub(super) fn explain(&mut self, tint: Tint, name: &str) {
        let entry = (tint.class(), name.to_owned());
        if !self.legend.contains(&entry) {
            self.legend.push(entry);
        }
    }
}

pub(super) fn tidy(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
