//! Rate and latency against the number of invoices on file, as a picture.

use crate::calls::Call;
use crate::results::Results;
use crate::{BenchError, load::Load, targets};
use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::*;
use plotters::style::full_palette::{BLUE_700, DEEPORANGE_600, GREEN_700, PURPLE_500};
use std::path::Path;

/// Where an empty ledger stands: the axis is logarithmic, and has no place for none.
const NONE: f64 = 1_000.0;
/// A colour for each call of a plot.
const COLOURS: [RGBColor; 4] = [BLUE_700, DEEPORANGE_600, GREEN_700, PURPLE_500];
/// How thick the lines are of each number of connections.
const WIDTHS: [u32; targets::CONNECTIONS.len()] = [2, 4];
/// Where the names of the lines begin, beside the plot, and what room each of them has.
const NAMES: u32 = 690;
const NAME: i32 = 22;

/// One line of a plot.
struct Line {
    name: String,
    style: ShapeStyle,
    points: Vec<(f64, f64)>,
}

type Failure = DrawingAreaErrorKind<std::io::Error>;

/// Draws two plots, one above the other, of the numbers of connections that the aims are about; nothing when there is only one size to show.
pub fn draw(results: &Results, path: &Path) -> Result<(), BenchError> {
    let rates = lines(results, &[Call::Invoice, Call::InvoiceRequest], |load| {
        load.per_second
    });
    let latencies = lines(results, &Call::LOOKS, |load| load.p99_ms);
    if rates.iter().all(|line| line.points.len() < 2) {
        return Ok(());
    }
    let picture = SVGBackend::new(path, (1_000, 900)).into_drawing_area();
    let draw = || {
        picture.fill(&WHITE)?;
        let (above, below) = picture.split_vertically(450);
        chart(&above, "calls a second", &rates)?;
        chart(&below, "p99 in ms", &latencies)?;
        picture.present()
    };
    draw().map_err(|failure: Failure| BenchError::Plot(failure.to_string()))
}

fn lines(results: &Results, calls: &[Call], read: impl Fn(&Load) -> f64) -> Vec<Line> {
    let mut lines = Vec::new();
    for (call, colour) in calls.iter().zip(COLOURS) {
        for (at_once, width) in targets::CONNECTIONS.into_iter().zip(WIDTHS) {
            let figures = results.of("boltill", call.name());
            let points = figures
                .filter(|figure| figure.at_once == at_once)
                .filter_map(|figure| {
                    let load = figure.value.as_load()?;
                    Some(((figure.invoices as f64).max(NONE), read(load)))
                });
            lines.push(Line {
                name: format!("{}, {at_once} at once", call.name()),
                style: colour.stroke_width(width),
                points: points.collect(),
            });
        }
    }
    lines
}

fn chart(area: &DrawingArea<SVGBackend<'_>, Shift>, what: &str, lines: &[Line]) -> Result<(), Failure> {
    let points = || lines.iter().flat_map(|line| &line.points);
    let largest = points().map(|(x, _)| *x).fold(NONE, f64::max);
    let lowest = points().map(|(_, y)| *y).fold(f64::MAX, f64::min);
    let highest = points().map(|(_, y)| *y).fold(f64::MIN_POSITIVE, f64::max);
    let (area, beside) = area.split_horizontally(NAMES);
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(
            (NONE..largest * 1.2).log_scale(),
            (lowest * 0.8..highest * 1.25).log_scale(),
        )?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc("invoices on file")
        .x_labels(5)
        .x_label_formatter(&size)
        .y_desc(what)
        .y_label_formatter(&|y| ((y * 1e3).round() / 1e3).to_string())
        .draw()?;
    for (row, line) in (1..).zip(lines) {
        let points = line.points.iter().copied();
        chart.draw_series(LineSeries::new(points, line.style).point_size(3))?;
        let y = row * NAME;
        beside.draw(&PathElement::new([(4, y), (28, y)], line.style))?;
        beside.draw(&Text::new(line.name.as_str(), (36, y - 7), ("sans-serif", 14)))?;
    }
    Ok(())
}

/// A number of invoices below its place on the axis.
fn size(invoices: &f64) -> String {
    match *invoices {
        NONE => "none".to_owned(),
        some if some < 1e6 => format!("{:.0},000", some / 1e3),
        many => format!("{:.0} million", many / 1e6),
    }
}
