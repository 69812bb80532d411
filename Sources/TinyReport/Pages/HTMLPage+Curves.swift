import TinyFoundation

extension HTMLPage {
    /// A metric of a family's learning curves.
    private struct Metric {
        let title: String
        /// The points of a run; empty where it has none.
        let curve: (RecordedRun) -> [SmallChart.Point]

        private init(title: String, curve: @escaping (RecordedRun) -> [SmallChart.Point]) {
            self.title = title
            self.curve = curve
        }

        /// A metric of steps.
        init(title: String, key: String) {
            self.init(title: title) { run in
                // A curve without some of its steps would be another curve.
                let recorded = run.steps.filter { $0.metrics[key] != nil }
                let known = recorded.compactMap { step in
                    step[key].map { SmallChart.Point(step: Double(step.step) - 0.5, value: $0) }
                }
                return known.count == recorded.count ? known.filter(\.value.isFinite) : []
            }
        }

        /// The loss on the solutions of the test problems, in a run's evaluations.
        static func heldOutLoss(on problemSet: String) -> Metric {
            Metric(title: "held-out loss, nats a token") { run in
                run.tests(on: problemSet).map(\.value).compactMap { line in
                    line.loss.map { SmallChart.Point(step: Double(line.step), value: $0) }
                }
            }
        }
    }

    private func metrics(_ family: Family, on problemSet: String) -> [Metric] {
        switch family {
        case .policyGradient:
            [
                Metric(title: "reward", key: "reward"),
                Metric(title: "tokens a completion", key: "completions/mean_length"),
                Metric(title: "divergence (KL)", key: "kl"),
                Metric(title: "entropy, nats a token", key: "entropy"),
            ]
        case .supervised:
            [
                Metric(title: "loss, nats a token", key: "loss"),
                .heldOutLoss(on: problemSet),
                Metric(title: "gradient norm", key: "grad_norm"),
            ]
        case .evolution:
            [
                Metric(title: "mean fitness", key: "reward"),
                Metric(title: "best fitness", key: "evolution/fitness_best"),
                Metric(title: "tokens a completion", key: "completions/mean_length"),
                Metric(title: "step size", key: "evolution/step_size"),
            ]
        }
    }

    /// Small charts of the metrics of training, one row for each configuration.
    func curves(_ section: Section, _ writer: inout HTMLWriter) {
        let shown = Set(section.results.map(\.cell.key))
        for family in Family.allCases {
            let cells = section.cells.filter { $0.family == family }
            guard !cells.isEmpty else { continue }
            let order = section.results.filter { $0.family == family }.map(\.cell)
            let rest = cells.filter { !shown.contains($0.key) }
            let panels = metrics(family, on: section.problemSet).compactMap { metric in panel(metric, cells) }
            guard !panels.isEmpty else { continue }
            let steps = cells.flatMap(\.runs).map(\.steps.count).max() ?? 1
            writer.add("<figure class=\"curves\">" + header(panels))
            for cell in order { writer.add(row(cell, panels, steps, section)) }
            if !rest.isEmpty {
                writer.add(
                    "<details><summary>\(counted(rest.count, "configuration")) without a row in the tables</summary>")
                for cell in rest { writer.add(row(cell, panels, steps, section)) }
                writer.add("</details>")
            }
            writer.endFigure(
                caption: "Training by \(family.label): one row for each configuration, one thin line for each seed, "
                    + "\(grouped(steps)) steps from left to right. A column has one scale, given at its head; "
                    + "curves of more than \(SmallChart.most) points are averaged to as many."
                    + rewardNotes(cells).map { " " + escaped($0) }.joined())
        }
    }

    private typealias Panel = (metric: Metric, range: ClosedRange<Double>)

    /// A metric that at least one run has, with the range of its values; `nil` when no run has it.
    private func panel(_ metric: Metric, _ cells: [Cell]) -> Panel? {
        let values = cells.flatMap(\.runs).flatMap { SmallChart.drawn(metric.curve($0)) }.map(\.value)
        guard let low = values.min(), let high = values.max() else { return nil }
        return (metric, low...high)
    }

    private func header(_ panels: [Panel]) -> String {
        "<div class=\"row head\"><div></div>"
            + panels.map { metric, range in
                "<div><b>\(escaped(metric.title))</b><br/>\(words(range))</div>"
            }.joined() + "</div>\n"
    }

    private func words(_ range: ClosedRange<Double>) -> String {
        let low = figure(range.lowerBound), high = figure(range.upperBound)
        return low == high ? "\(low) throughout" : "\(low) to \(high)"
    }

    /// Three significant figures.
    private func figure(_ value: Double) -> String {
        let size = abs(value)
        return size >= 999.5 ? compact(value) : decimal(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.095 ? 2 : 4)
    }

    private func row(_ cell: Cell, _ panels: [Panel], _ steps: Int, _ section: Section) -> String {
        let differences = section.differences.words(for: cell)
        var label = "<b>\(escaped(methodLabel(cell.method)))</b> \(escaped(algorithmLabel(cell.algorithm)))<br/>"
        label += counted(cell.parameters, "parameter")
        if let rate = cell.learningRate { label += " · <span class=\"whole\">rate \(shortest(rate))</span>" }
        if !differences.isEmpty { label += "<br/>\(escaped(differences))" }
        label += "<br/>runs "
        label += cell.runs.compactMap { numbers[$0.name] }.map { "<a href=\"#r\($0)\">\($0)</a>" }.joined(
            separator: " ")
        let charts = panels.map { metric, range in
            let curves = cell.runs.map(metric.curve)
            guard curves.contains(where: { !$0.isEmpty }) else { return "<div class=\"none\">–</div>" }
            let ends = curves.compactMap(\.last?.value).map(figure).joined(separator: ", ")
            return "<div>"
                + SmallChart(
                    title: "\(metric.title), at the end \(ends)", curves: curves, steps: steps, range: range,
                    colour: section.colour(of: cell.algorithm)
                ).svg + "</div>"
        }
        return "<div class=\"row\"><div class=\"label\">\(label)</div>\(charts.joined())</div>\n"
    }
}
