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
        let published = PublishedCurve.all.filter { curve in section.results.contains { $0.family == curve.family } }
        let publishedSeries = published.map { curve in
            ChartSeries(
                name: seriesName(method: curve.method, algorithm: curve.family.label),
                colour: ChartColour(curve.family),
                marker: Marker(method: curve.method),
                points: curve.points.map { point in
                    ChartPoint(
                        x: point.parameters, y: point.accuracy,
                        note: "published: \(grouped(Int(point.parameters))) parameters, \(percent(point.accuracy)) %")
                })
        }
        let x = Scale.decades(around: (own + publishedSeries).flatMap(\.points).map(\.x))
        let y = accuracyScale(
            own + publishedSeries, and: [PublishedCurve.untrained] + section.baselines.map(\.accuracy.value))
        var chart = Chart(
            title: "Accuracy against trained parameters",
            summary: summary(section),
            x: .init(label: "trained parameters", scale: x, format: compact),
            y: .init(label: "accuracy, %", scale: y, format: { decimal(100 * $0, 0) }), series: own)
        chart.references =
            section.baselines.prefix(2).map {
                ChartReference(y: $0.accuracy.value, label: "untrained \(percent($0.accuracy.value))", colour: .plain)
            }
            + section.references.filter { reference in section.results.contains { $0.family == reference.family } }
            .uniqued().map {
                ChartReference(
                    y: $0.accuracy, label: "full \($0.family.label) \(percent($0.accuracy))",
                    colour: ChartColour($0.family))
            }
        var paper = chart
        paper.title = "Published accuracy against trained parameters"
        paper.summary = "\(PublishedCurve.task), from \(PublishedCurve.source)."
        paper.series = publishedSeries
        let families = Family.allCases.filter { family in published.contains { $0.family == family } }
        paper.references =
            [ChartReference(y: PublishedCurve.untrained, label: "untrained 75.6", colour: .plain)]
            + families.compactMap { family in
                PublishedCurve.full[family].map {
                    ChartReference(y: $0, label: "full \(family.label) \(percent($0))", colour: ChartColour(family))
                }
            }
        writer.add("<figure><div class=\"pair\">")
        writer.add(
            "<div><p class=\"panel\">This report: \(escaped(section.model.name)), \(escaped(section.problemSet))</p>")
        writer.add(chart.svg(id: writer.identifier()) + "</div>")
        if !published.isEmpty {
            writer.add("<div><p class=\"panel\">Published: \(escaped(PublishedCurve.task))</p>")
            writer.add(paper.svg(id: writer.identifier()) + "</div>")
        }
        let hollow =
            own.contains { $0.points.contains(where: \.isVariant) } ? "Hollow: variants in a further setting. " : ""
        writer.add("</div>" + legend(own, published: publishedSeries))
        writer.add(
            "<figcaption>"
                + writer.caption(
                    figure:
                        "Accuracy against the number of trained parameters, mean over seeds with 95 % intervals. Dashed: "
                        + "the untrained model and full fine-tuning. \(hollow)Both panels have the same axes; the published curves "
                        + "are of another model and other problems (\(escaped(PublishedCurve.source))).")
                + "</figcaption></figure>\n")
        shares(section, x, published, &writer)
    }

    /// The share of the gain of full fine-tuning, one panel for each family that has published points.
    private func shares(
        _ section: Section, _ x: Scale, _ published: [PublishedCurve], _ writer: inout PageWriter
    ) {
        guard section.results.contains(where: { $0.share != nil }) else { return }
        // Evolution learns from the same rewards as policy gradients, so it is compared with the same curves.
        let groups: [(title: String, families: [Family])] = [
            ("RL and ES", [.policyGradient, .evolution]), ("SFT", [.supervised]),
        ]
        var panels: [(title: String, series: [ChartSeries])] = []
        for group in groups {
            let own = ownSeries(section) { result in
                guard group.families.contains(result.family), let share = result.share else { return nil }
                return ChartPoint(
                    x: Double(result.parameters), y: share.value, low: share.low, high: share.high,
                    note: note(result) + ", \(percent(share.value)) % of the gain")
            }
            guard !own.isEmpty else { continue }
            let theirs = published.filter { group.families.contains($0.family) }.map { curve in
                ChartSeries(
                    name: methodLabel(curve.method) + ", published", colour: .plain,
                    marker: Marker(method: curve.method),
                    points: curve.points.map { point in
                        ChartPoint(
                            x: point.parameters, y: curve.share(point.accuracy),
                            note: "published: \(grouped(Int(point.parameters))) parameters, "
                                + "\(percent(curve.share(point.accuracy))) % of the gain")
                    })
            }
            panels.append((group.title, theirs + own))
        }
        let values = panels.flatMap(\.series).flatMap(\.points).flatMap { [$0.y, $0.low ?? $0.y, $0.high ?? $0.y] }
        let y = Scale.round(around: values.map { min(1.5, max(-0.5, $0)) } + [0, 1], steps: 7)
        writer.add("<figure><div class=\"pair\">")
        for panel in panels {
            var chart = Chart(
                title: "Share of the gain of full fine-tuning, \(panel.title)",
                summary: "Share of the gain against trained parameters, with the published shares.",
                x: .init(label: "trained parameters", scale: x, format: compact),
                y: .init(label: "share of the full gain, %", scale: y, format: { decimal(100 * $0, 0) }),
                series: panel.series)
            chart.references = [
                ChartReference(y: 0, label: "untrained", colour: .plain),
                ChartReference(y: 1, label: "full", colour: .plain),
            ]
            chart.labelWidth = 64
            chart.height = 270
            writer.add("<div><p class=\"panel\">\(panel.title)</p>" + chart.svg(id: writer.identifier()) + "</div>")
        }
        writer.add("</div>" + legend(panels.flatMap(\.series)))
        writer.add(
            "<figcaption>"
                + writer.caption(
                    figure:
                        "Share of the gain of full fine-tuning that each size recovers: 0 is the untrained model, 100 "
                        + "full fine-tuning. Grey: published.")
                + "</figcaption></figure>\n")
    }

    // MARK: Pieces

    /// One series for each algorithm and method, with the points that `point` makes.
    private func ownSeries(_ section: Section, point: (CellResult) -> ChartPoint?) -> [ChartSeries] {
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

    private func accuracyScale(_ series: [ChartSeries], and more: [Double]) -> Scale {
        let values = series.flatMap(\.points).flatMap { [$0.y, $0.low ?? $0.y, $0.high ?? $0.y] } + more
        return .round(around: values, steps: 6, within: 0...1)
    }

    private func note(_ result: CellResult) -> String {
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

extension [FullReference] {
    /// Without those of families that borrow another family's reference.
    fileprivate func uniqued() -> [FullReference] {
        filter { Family(algorithm: $0.algorithm) == $0.family }
    }
}
