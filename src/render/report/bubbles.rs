//! Bubbles: x is the number of days from the as-of date, y a score from 0 to 100, and the area an
//! amount.

use super::drawing::{CHARACTER, Circle, Drawing};
use super::points::{Area, overlap};
use super::{Table, TableRow, Tint};
use crate::render::shortened;

/// Days further from the as-of date are drawn at the edge.
const DAYS: (f64, f64) = (-30.0, 365.0);

/// How far below the score of 0 the bubbles without a score are.
const UNSCORED: f64 = 22.0;

#[derive(Clone, Copy)]
struct Plane {
    left: f64,
    right: f64,
    head: f64,
    foot: f64,
}

impl Plane {
    fn x(&self, days: f64) -> f64 {
        let (earliest, latest) = DAYS;
        let share = (days.clamp(earliest, latest) - earliest) / (latest - earliest);
        self.left + share * (self.right - self.left)
    }

    fn y(&self, score: Option<f64>) -> f64 {
        score.map_or(self.foot + UNSCORED, |score| {
            self.foot - score / 100.0 * (self.foot - self.head)
        })
    }
}

impl Drawing {
    /// Draws a bubble for each row. `columns` are those of the days, the score and the amount.
    pub(super) fn bubbles(&mut self, table: &Table, columns: [usize; 3]) {
        let [_, score, size] = columns;
        let has_unscored = table.rows.iter().any(|row| row.cells[score].rounded().is_none());
        let plane = Plane { left: 34.0, right: self.width - 22.0, head: 22.0, foot: 250.0 };
        self.height = plane.foot + if has_unscored { UNSCORED } else { 0.0 } + 40.0;
        self.axes(plane, has_unscored);
        let amount = |row: &TableRow| row.cells[size].rounded().unwrap_or_default();
        let most = table.rows.iter().map(amount).fold(0.0, f64::max);
        let mut rows: Vec<&TableRow> = table.rows.iter().collect();
        // Large ones are drawn first, so that they hide no small one.
        rows.sort_by(|a, b| amount(b).total_cmp(&amount(a)));
        for row in &rows {
            let radius = if most > 0.0 { 4.0 + 16.0 * (amount(row) / most).sqrt() } else { 4.0 };
            let [days, score, size] = columns.map(|column| &row.cells[column]);
            let at = [plane.x(days.rounded().unwrap_or_default()), plane.y(score.rounded())];
            let title = format!(
                "{}: {} days, health {}, MRR {}",
                row.item.label.text(),
                days.text(),
                score.text(),
                size.text()
            );
            self.circle(at, radius, row.tint.class(), title);
        }
        self.name_poor_bubbles(&rows);
        let bands = [Tint::Good, Tint::Average, Tint::Poor, Tint::Unknown];
        let used: Vec<Tint> = rows.iter().map(|row| row.tint).collect();
        self.explain_used(&bands.map(|tint| (tint, tint.class())), &used);
    }

    fn axes(&mut self, plane: Plane, has_unscored: bool) {
        let Plane { left, right, head, .. } = plane;
        for tick in [0.0, 25.0, 50.0, 75.0, 100.0] {
            let y = plane.y(Some(tick));
            self.rule([left, y, right, y], "grid");
            self.text(left - 6.0, y + 4.0, "end", "axis", format!("{tick:.0}"));
        }
        let below = self.height - 22.0;
        for tick in [0.0, 90.0, 180.0, 270.0, 365.0] {
            self.text(plane.x(tick), below, "middle", "axis", format!("{tick:.0}"));
        }
        self.rule([plane.x(0.0), head - 8.0, plane.x(0.0), below - 14.0], "today");
        self.text(left, 12.0, "start", "axis", "health score");
        self.text(right, self.height - 4.0, "end", "axis", "days to renewal");
        if has_unscored {
            self.text(left - 6.0, plane.y(None) + 4.0, "end", "axis", "none");
        }
    }

    /// Labels the largest poor ones, where there is room.
    fn name_poor_bubbles(&mut self, rows: &[&TableRow]) {
        let mut taken: Vec<Area> = Vec::new();
        let poor = rows.iter().enumerate().filter(|(_, row)| row.tint == Tint::Poor);
        for (place, row) in poor.take(8) {
            let name = shortened(&row.item.label.text(), 20);
            let long = name.chars().count() as f64 * CHARACTER;
            let Circle { x, y, radius, .. } = self.circles[place];
            let is_left = x + radius + 4.0 + long > self.width;
            let start = if is_left { x - radius - 4.0 - long } else { x + radius + 4.0 };
            let area = [start, y - 8.0, start + long, y + 8.0];
            if start >= 0.0 && !taken.iter().any(|other| overlap(&area, other)) {
                taken.push(area);
                let (at, anchor) = if is_left { (start + long, "end") } else { (start, "start") };
                self.text(at, y + 4.0, anchor, "name", name);
            }
        }
    }
}
