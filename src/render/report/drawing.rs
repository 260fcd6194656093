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
    /// The commands of each path.
    pub(super) paths: Vec<String>,
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

    /// A rectangle: left, top, width and height.
    pub(super) fn rect(&mut self, at: [f64; 4], class: &'static str, title: String) {
        let [x, y, width, height] = at.map(tidy);
        self.rects.push(Rect { x, y, width, height, class, title });
    }

    pub(super) fn circle(
        &mut self,
        [x, y]: [f64; 2],
        radius: f64,
        class: &'static str,
        title: String,
    ) {
        self.circles.push(Circle { x: tidy(x), y: tidy(y), radius: tidy(radius), class, title });
    }

    pub(super) fn rule(&mut self, ends: [f64; 4], class: &'static str) {
        let [x1, y1, x2, y2] = ends.map(tidy);
        self.lines.push(Line { x1, y1, x2, y2, class });
    }

    pub(super) fn explain(&mut self, tint: Tint, name: &str) {
        let entry = (tint.class(), name.to_owned());
        if !self.legend.contains(&entry) {
            self.legend.push(entry);
        }
    }

    /// Explains those colours that rows have.
    pub(super) fn explain_used(&mut self, meanings: &[(Tint, &str)], used: &[Tint]) {
        for (tint, name) in meanings.iter().filter(|(tint, _)| used.contains(tint)) {
            self.explain(*tint, name);
        }
    }
}

pub(super) fn tidy(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
