//! Rate and latency against the number of invoices on file, as a picture.

use crate::calls::Call;
use crate::results::{Figure, Results};
use crate::{BenchError, load::Load};
use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::*;
use std::path::Path;

/// One line of a plot: its name, and its points.
type Line = (String, Vec<(f64, f64)>);

type Failure = DrawingAreaErrorKind<std::io::Error>;

/// Draws two plots, one above the other; nothing when there is only one size to show.
pub fn draw(results: &Results, path: &Path) -> Result<(), BenchError> {
    let rates = lines(results, &[Call::Invoice, Call::InvoiceRequest], |load| {
        load.per_second
    });
    let latencies = lines(results, &Call::LOOKS, |load| load.p99_ms);
    if rates.iter().all(|(_, points)| points.len() < 2) {
        return Ok(());
    }
    let picture = SVGBackend::new(path, (900, 900)).into_drawing_area();
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
    let mut lines: Vec<Line> = Vec::new();
    for call in calls {
        for figure in results.of("boltill", call.name()) {
            let Some(load) = figure.value.as_load() else {
                continue;
            };
            let name = format!("{}, {} at once", call.name(), figure.at_once);
            // The axis is logarithmic, and an empty ledger stands at one.
            let point = (place(figure), read(load));
            match lines.iter_mut().find(|(known, _)| *known == name) {
                Some((_, points)) => points.push(point),
                None => lines.push((name, vec![point])),
            }
        }
    }
    lines
}

fn place(figure: &Figure) -> f64 {
    (figure.invoices as f64).max(1_000.0)
}

fn chart(area: &DrawingArea<SVGBackend<'_>, Shift>, what: &str, lines: &[Line]) -> Result<(), Failure> {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let largest = points().map(|(x, _)| *x).fold(1_000.0, f64::max);
    let highest = points().map(|(_, y)| *y).fold(f64::MIN_POSITIVE, f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d((1_000.0..largest * 1.2).log_scale(), 0.0..highest * 1.1)?;
    chart
        .configure_mesh()
        .x_desc("invoices on file (the leftmost: none)")
        .y_desc(what)
        .draw()?;
    for (number, (name, points)) in lines.iter().enumerate() {
        let colour = Palette99::pick(number).to_rgba();
        chart
            .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)).point_size(3))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .draw()?;
    Ok(())
}
