//! Draws the charts of tables: where each shape lies, once for wide screens and once for phones.

use std::collections::BTreeMap;

use super::chart::{BarPart, bars};
use super::drawing::{CHARACTER, Drawing, tidy};
use super::points::Plot;
use super::{Chart, ChartKind, Table, Tint};
use crate::render::shortened;

/// Draws a table on a plane of this width; `None` if there is nothing to see.
pub(super) fn draw(table: &Table, chart: &Chart, width: f64) -> Option<Drawing> {
    let mut drawing = Drawing { width, ..Drawing::default() };
    match &chart.kind {
        ChartKind::Stacked { bars: which, is_share } => {
            drawing.stack(&bars(table, which), *is_share);
        }
        ChartKind::Line { column } => drawing.line(table, column)?,
        ChartKind::Months { column } => drawing.months(table, column),
        ChartKind::Bubbles { days, score, size } => {
            let days = table.column(days)?.0;
            let (score, size) = (table.column(score)?.0, table.column(size)?.0);
            drawing.bubbles(table, [days, score, size]);
        }
        ChartKind::Points { x, y, low, high } => {
            drawing.points(&Plot::of(table, [x, y, low, high])?)
        }
    }
    let is_empty = drawing.rects.is_empty() && drawing.circles.is_empty();
    (!is_empty).then_some(drawing)
}

impl Drawing {
    /// Horizontal bars; on a phone, each below its label.
    fn stack(&mut self, bars: &[(String, Vec<BarPart>)], is_share: bool) {
        const THICK: f64 = 24.0;
        let sum = |parts: &[BarPart]| parts.iter().map(|part| part.amount).sum::<f64>();
        let most = bars.iter().map(|(_, parts)| sum(parts)).fold(0.0, f64::max);
        const GAP: f64 = 10.0;
        let (left, above) = if self.is_narrow() { (0.0, 18.0) } else { (180.0, 0.0) };
        let parts = bars.iter().flat_map(|(_, parts)| parts);
        parts.for_each(|part| self.explain(part.tint, &part.name));
        let mut y = 2.0;
        for (name, parts) in bars {
            let whole = if is_share { sum(parts) } else { most };
            let name_y = y + if above > 0.0 { 13.0 } else { THICK / 2.0 + 4.5 };
            self.text(0.0, name_y, "start", "name", shortened(name, 24));
            y += above;
            if sum(parts) > 0.0 {
                self.bar(parts, [left, y, self.width - left, THICK], whole);
            } else {
                self.text(left, y + THICK / 2.0 + 4.5, "start", "axis", "0");
            }
            y += THICK + GAP;
        }
        self.height = (y - GAP + 2.0).max(0.0);
    }

    fn bar(&mut self, parts: &[BarPart], [left, y, width, height]: [f64; 4], whole: f64) {
        let mut x = left;
        for part in parts.iter().filter(|part| part.amount > 0.0) {
            let long = part.amount / whole * width;
            let title = format!("{}: {}", part.name, part.text);
            // A gap separates the parts, so that they are distinguishable without colours.
            let shown = (long - 1.5).max(0.75);
            self.rect([x, y, shown, height], part.tint.class(), title);
            if part.text.chars().count() as f64 * CHARACTER + 6.0 < long {
                let class = match part.tint {
                    Tint::Average | Tint::Unknown | Tint::Level(3 | 4) => "on-light",
                    _ => "on-dark",
                };
                self.text(x + shown / 2.0, y + height / 2.0 + 4.5, "middle", class, &part.text);
            }
            x += long;
        }
    }

    /// A line from left to right, with gaps where values are unknown.
    fn line(&mut self, table: &Table, column: &str) -> Option<()> {
        let (column, _) = table.column(column)?;
        let rows = table.rows.iter().enumerate();
        let points = rows.filter_map(|(place, row)| Some((place, row.cells[column].rounded()?)));
        let points: Vec<(usize, f64)> = points.collect();
        let [least, most] =
            [f64::min, f64::max].map(|f| points.iter().map(|(_, value)| *value).reduce(f));
        let (least, most) = widened(least?, most?);
        let ticks = ticks(least, most);
        let (bottom, top) = (*ticks.first()?, *ticks.last()?);
        let (last, _) = points.last()?;
        // The last value is written to the right of its point, where the line cannot cross it.
        let last_text = table.rows[*last].cells[column].text();
        let margin = last_text.chars().count() as f64 * CHARACTER + 14.0;
        let [left, right, head, foot] = [34.0, self.width - margin, 16.0, 190.0];
        self.height = foot + 24.0;
        let steps = (table.rows.len().max(2) - 1) as f64;
        let x = |place: usize| left + place as f64 / steps * (right - left);
        let y = |value: f64| foot - (value - bottom) / (top - bottom) * (foot - head);
        for tick in &ticks {
            self.rule([left, y(*tick), right, y(*tick)], "grid");
            self.text(left - 6.0, y(*tick) + 4.0, "end", "axis", format!("{tick:.0}"));
        }
        self.dates(table, &x, foot + 17.0);
        self.paths.push(path(&points, &x, &y));
        for (place, value) in &points {
            let row = &table.rows[*place];
            let title = format!("{}: {}", row.item.label.text(), row.cells[column].text());
            self.circle([x(*place), y(*value)], 3.5, "plain", title);
        }
        let (place, value) = points.last()?;
        self.text(x(*place) + 9.0, y(*value) + 4.0, "start", "value", last_text);
        Some(())
    }

    /// Labels the first, the middle and the last day below a line.
    fn dates(&mut self, table: &Table, x: &impl Fn(usize) -> f64, y: f64) {
        let last = table.rows.len().saturating_sub(1);
        let wanted = BTreeMap::from([(last / 2, "middle"), (0, "start"), (last, "end")]);
        for (place, anchor) in wanted {
            if let Some(row) = table.rows.get(place) {
                self.text(x(place), y, anchor, "axis", row.item.label.text());
            }
        }
    }

    /// Vertical bars with their numbers above and the months below.
    fn months(&mut self, table: &Table, column: &str) {
        let amounts = || table.cells(column).map(|cell| cell.rounded().unwrap_or_default());
        let most = amounts().fold(0.0, f64::max);
        let [head, foot] = [22.0, 150.0];
        let step = self.width / table.rows.len().max(1) as f64;
        let thick = (step * 0.62).min(44.0);
        self.height = foot + 38.0;
        self.rule([0.0, foot, self.width, foot], "base");
        for (place, (row, cell)) in table.rows.iter().zip(table.cells(column)).enumerate() {
            let amount = cell.rounded().unwrap_or_default();
            let middle = (place as f64 + 0.5) * step;
            let tall = if most > 0.0 { amount / most * (foot - head) } else { 0.0 };
            let text = cell.text().into_owned();
            if amount > 0.0 {
                let title = format!("{}: {text}", row.item.label.text());
                self.rect([middle - thick / 2.0, foot - tall, thick, tall], "poor", title);
            }
            self.text(middle, foot - tall - 6.0, "middle", "value", text);
            let (month, year) = month_words(&row.item.name);
            self.text(middle, foot + 16.0, "middle", "axis", month);
            if place == 0 || month == "Jan" {
                self.text(middle, foot + 32.0, "middle", "axis", year);
            }
        }
    }
}

fn path(points: &[(usize, f64)], x: &impl Fn(usize) -> f64, y: &impl Fn(f64) -> f64) -> String {
    let mut before = None;
    let mut d = String::new();
    for (place, value) in points {
        let is_next = before.is_some_and(|before: usize| before + 1 == *place);
        let command = if is_next { "L" } else { "M" };
        d.push_str(&format!("{command}{} {}", tidy(x(*place)), tidy(y(*value))));
        before = Some(*place);
    }
    d
}

/// The least range of a line of scores, so that a small change does not look like a collapse.
const LEAST_SPAN: f64 = 30.0;

/// The range within 0 to 100 that a line of scores shows.
fn widened(least: f64, most: f64) -> (f64, f64) {
    let top = ((least + most + LEAST_SPAN) / 2.0).min(100.0).max(most);
    (least.min((top - LEAST_SPAN).max(0.0)), top)
}

/// The positions of horizontal lines: at most six round numbers around the values.
fn ticks(least: f64, most: f64) -> Vec<f64> {
    let step = [1.0, 2.0, 5.0, 10.0, 20.0]
        .into_iter()
        .find(|step| (most - least) / step <= 4.0)
        .unwrap_or(25.0);
    let (first, last) = ((least / step).floor(), (most / step).ceil());
    let last = if last > first { last } else { first + 1.0 };
    (first as i64..=last as i64).map(|number| number as f64 * step).collect()
}

/// The name of a month such as `2026-03`, and its year.
fn month_words(month: &str) -> (&str, &str) {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Some((year, number)) = month.split_once('-') else { return (month, "") };
    let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    (place.and_then(|place| NAMES.get(place)).copied().unwrap_or(number), year)
}

#[cfg(test)]
mod tests {
    use super::super::drawing::{NARROW, WIDE};
    use super::super::{BarLayout, Cell, RowLabel};
    use super::*;

    fn table(rows: &[(&str, [Cell; 2])]) -> Table {
        Table::of("t", "T", ("item", "item"), rows, |(item, _)| RowLabel::new(item))
            .number("a", "a", |(_, [a, _])| a.clone())
            .number("b", "b", |(_, [_, b])| b.clone())
            .done()
    }

    #[test]
    fn a_line_shows_thirty_points_at_least() {
        assert_eq!(widened(82.0, 90.0), (70.0, 100.0));
        assert_eq!(widened(40.0, 50.0), (30.0, 60.0));
        assert_eq!(widened(0.0, 4.0), (0.0, 17.0));
        assert_eq!(widened(20.0, 90.0), (20.0, 90.0));
    }

    #[test]
    fn lines_across_lie_at_round_numbers() {
        assert_eq!(ticks(41.0, 58.2), [40.0, 45.0, 50.0, 55.0, 60.0]);
        assert_eq!(ticks(50.0, 50.0), [50.0, 51.0]);
        assert_eq!(ticks(0.0, 100.0), [0.0, 25.0, 50.0, 75.0, 100.0]);
    }

    #[test]
    fn parts_are_as_long_as_their_share() {
        let table = table(&[
            ("x", [Cell::Count(1), Cell::Count(3)]),
            ("y", [Cell::Count(0), Cell::Count(2)]),
        ]);
        let parts = || BarLayout::Rows(vec![("a", Tint::Good), ("b", Tint::Poor)]);
        let kind = |is_share| ChartKind::Stacked { bars: parts(), is_share };
        let widths = |is_share| -> Vec<(&str, f64)> {
            let drawing = draw(&table, &Chart::new("", kind(is_share)), 580.0).unwrap();
            drawing.rects.iter().map(|rect| (rect.class, rect.width)).collect()
        };
        // 400 pixels, of which 1.5 are between the parts.
        assert_eq!(widths(true), [("good", 98.5), ("poor", 298.5), ("poor", 398.5)]);
        assert_eq!(widths(false), [("good", 98.5), ("poor", 298.5), ("poor", 198.5)]);
    }

    #[test]
    fn nothing_known_is_not_drawn() {
        let table = table(&[("2026-03-01", [Cell::Unknown, Cell::Count(0)])]);
        assert!(draw(&table, &Chart::new("", ChartKind::Line { column: "a" }), WIDE).is_none());
        assert!(draw(&table, &Chart::new("", ChartKind::Months { column: "b" }), WIDE).is_none());
    }

    #[test]
    fn a_line_has_a_gap_where_a_value_is_not_known() {
        let rows = [Cell::Number(10.0), Cell::Unknown, Cell::Number(20.0), Cell::Number(20.0)];
        let rows: Vec<(&str, [Cell; 2])> =
            rows.into_iter().map(|cell| ("d", [cell, Cell::Unknown])).collect();
        let drawing =
            draw(&table(&rows), &Chart::new("", ChartKind::Line { column: "a" }), WIDE).unwrap();
        assert_eq!(drawing.paths[0].matches('M').count(), 2);
        assert_eq!(drawing.paths[0].matches('L').count(), 1);
    }

    #[test]
    fn the_last_value_of_a_line_lies_beside_it() {
        let rows = [100.0, 90.0, 73.3].map(|score| ("d", [Cell::Number(score), Cell::Unknown]));
        for width in [WIDE, NARROW] {
            let chart = Chart::new("", ChartKind::Line { column: "a" });
            let drawing = draw(&table(&rows), &chart, width).unwrap();
            let last = drawing.circles.last().unwrap();
            let value = drawing.texts.iter().find(|text| text.class == "value").unwrap();
            assert_eq!((value.text.as_str(), value.anchor), ("73.3", "start"));
            assert!(value.x > last.x + last.radius && value.x + 4.0 * CHARACTER <= width);
        }
    }

    #[test]
    fn months_have_names() {
        assert_eq!(month_words("2026-03"), ("Mar", "2026"));
        assert_eq!(month_words("2026-13"), ("13", "2026"));
    }
}
