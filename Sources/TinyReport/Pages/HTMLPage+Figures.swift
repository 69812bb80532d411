import TinyRecords

extension HTMLPage {
    /// Accuracy and share of the gain against the number of trained parameters, beside the published curves.
    func figures(_ section: Section, _ writer: inout PageWriter) {
        guard !section.results.isEmpty else { return }
        let own = ownSeries(section) { result in
            ChartPoint(
                x: Double(result.parameters), y: result.accuracy.value, low: result.accuracy.low,
                high: result.accuracy.high, note: note(result))
        }
        // Evolution learns from the same rewards as policy gradients, so it is compared with the same curves.
        let families = Set(section.results.map { $0.family == .evolution ? .policyGradient : $0.family })
        let curves = PublishedCurve.all.filter { families.contains($0.family) }
        let published = curves.map(publishedSeries)
        let values = (own + published).flatMap(\.points).flatMap { [$0.y, $0.low ?? $0.y, $0.high ?? $0.y] }
        let x = Chart.Axis(
            label: "trained parameters", scale: .decades(around: (own + published).flatMap(\.points).map(\.x)),
            format: compact)
        let y = Chart.Axis(
            label: "accuracy, %",
            scale: .round(
                around: values + [PublishedCurve.untrained] + section.baselines.map(\.accuracy.value), steps: 6,
                within: 0...1), format: { decimal(100 * $0, 0) })
        let ours = Chart(
            title: "Accuracy against trained parameters", summary: summary(section), x: x, y: y, series: own,
            references: references(section))
        let theirs = Chart(
            title: "Published accuracy against trained parameters",
            summary: "\(PublishedCurve.task), from \(PublishedCurve.source).", x: x, y: y, series: published,
            references: publishedReferences(families))

        writer.add("<figure><div class=\"pair\">")
        writer.add(panel("This report: \(section.model.name), \(section.problemSet)", ours, &writer))
        writer.add(panel("Published: \(PublishedCurve.task)", theirs, &writer))
        writer.add("</div>" + legend(own, published: published))
        let hollow = own.flatMap(\.points).contains(where: \.isVariant) ? "Hollow: variants in a further setting. " : ""
        writer.add(
            "<figcaption>"
                + writer.caption(
                    figure: "Accuracy against the number of trained parameters, mean over seeds with 95 % intervals. "
                        + "Dashed: the untrained model and full fine-tuning. \(hollow)Both panels have the same axes; the "
                        + "published curves are of another model and other problems (\(escaped(PublishedCurve.source)))."
                )
                + "</figcaption></figure>\n")
        shares(section, x, curves, &writer)
    }

    private func publishedSeries(_ curve: PublishedCurve) -> ChartSeries {
        ChartSeries(
            name: seriesName(method: curve.method, algorithm: curve.family.label), colour: ChartColour(curve.family),
            marker: Marker(method: curve.method),
            points: curve.points.map { point in
                ChartPoint(
                    x: point.parameters, y: point.accuracy,
                    note: "published: \(grouped(Int(point.parameters))) parameters, \(percent(point.accuracy)) %")
            })
    }

    /// The untrained model, and full fine-tuning by each family that has its own.
    private func references(_ section: Section) -> [ChartReference] {
        section.baselines.prefix(2).map {
            ChartReference(y: $0.accuracy.value, label: "untrained \(percent($0.accuracy.value))", colour: .plain)
        }
            + section.references.filter { Family(algorithm: $0.algorithm) == $0.family }.map {
                ChartReference(
                    y: $0.accuracy, label: "full \($0.family.label) \(percent($0.accuracy))",
                    colour: ChartColour($0.family))
            }
    }

    private func publishedReferences(_ families: Set<Family>) -> [ChartReference] {
        let untrained = PublishedCurve.untrained
        return [ChartReference(y: untrained, label: "untrained \(percent(untrained))", colour: .plain)]
            + Family.allCases.filter(families.contains).compactMap { family in
                PublishedCurve.full[family].map {
                    ChartReference(y: $0, label: "full \(family.label) \(percent($0))", colour: ChartColour(family))
                }
            }
    }

    // MARK: Pieces

    /// A chart under a title.
    func panel(_ title: String, _ chart: Chart, _ writer: inout PageWriter) -> String {
        "<div><p class=\"panel\">\(escaped(title))</p>" + chart.svg(id: writer.identifier()) + "</div>"
    }

    /// One series for each algorithm and method, with the points that `point` makes.
    func ownSeries(_ section: Section, point: (CellResult) -> ChartPoint?) -> [ChartSeries] {
        var series: [ChartSeries] = []
        for result in section.results {
            guard var next = point(result) else { continue }
            let name = seriesName(method: result.method, algorithm: algorithmLabel(result.algorithm))
            if let index = series.firstIndex(where: { $0.name == name }) {
                next.isVariant = series[index].points.contains { $0.x == next.x }
                series[index].points.append(next)
            } else {
                series.append(
                    ChartSeries(
                        name: name, colour: section.colour(of: result.algorithm), marker: Marker(method: result.method),
                        points: [next]))
            }
        }
        return series
    }

    private func seriesName(method: String, algorithm: String) -> String { "\(methodLabel(method)), \(algorithm)" }

    func note(_ result: CellResult) -> String {
        var note = "\(methodLabel(result.method)), \(algorithmLabel(result.algorithm)), "
        note += "\(grouped(result.parameters)) parameters: \(percent(result.accuracy.value)) %"
        let interval = percentInterval(result.accuracy)
        if !interval.isEmpty { note += " \(interval)" }
        if !result.differences.isEmpty { note += ", \(result.differences)" }
        return note + ", " + counted(result.seeds.count, "seed") + ", runs "
            + result.sources.compactMap { numbers[$0.run].map(String.init) }.joined(separator: " ")
    }

    private func summary(_ section: Section) -> String {
        let best = section.results.max { $0.accuracy.value < $1.accuracy.value }
        let untrained =
            section.baselines.first.map { "The untrained model reaches \(percent($0.accuracy.value)) %. " } ?? ""
        return untrained + (best.map { "The best configuration is \(note($0))." } ?? "")
    }

    /// What the colours and shapes are, once each. What looks like a series of this report goes by that one's name.
    func legend(_ series: [ChartSeries], published: [ChartSeries] = []) -> String {
        let own = Set(series.map { Look($0) })
        let series =
            series
            + published.filter { !own.contains(Look($0)) }.map { series in
                var series = series
                series.name += " (published)"
                return series
            }
        var seen: [String] = [], out = "<p class=\"legend\">"
        for series in series {
            let look =
                "<span class=\"\(series.colour.rawValue)\"><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\">"
                + "<path class=\"dot\" d=\"\(series.marker.path(7, 7))\"/></svg>\(escaped(series.name))</span>"
            guard !seen.contains(look) else { continue }
            seen.append(look)
            out += look + " "
        }
        return out + "</p>"
    }
}

private struct Look: Hashable {
    let colour: ChartColour
    let marker: Marker

    init(_ series: ChartSeries) { (colour, marker) = (series.colour, series.marker) }
}
