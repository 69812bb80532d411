extension HTMLPage {
    /// A metric of a family's learning curves. Keys are tried in order.
    private struct Metric {
        let title: String
        let keys: [String]

        func values(_ run: Run) -> [Double] {
            for key in keys {
                let values = run.steps.compactMap { $0.metrics[key] }
                if !values.isEmpty { return values }
            }
            return []
        }
    }

    private func metrics(_ family: Family) -> [Metric] {
        switch family {
        case .policyGradient:
            [
                Metric(title: "reward", keys: ["reward"]),
                Metric(title: "tokens a completion", keys: ["completions/mean_length"]),
                Metric(title: "divergence (KL)", keys: ["kl"]), Metric(title: "entropy, nats a token", keys: ["entropy"]),
            ]
        case .supervised:
            [
                Metric(title: "loss, nats a token", keys: ["loss"]),
                Metric(title: "token accuracy", keys: ["mean_token_accuracy"]),
                Metric(title: "held-out loss", keys: ["eval_loss"]), Metric(title: "gradient norm", keys: ["grad_norm"]),
            ]
        case .evolution:
            [
                Metric(title: "mean reward", keys: ["reward"]),
                Metric(title: "best of the population", keys: ["population/best", "fitness/max", "reward_max", "best"]),
                Metric(title: "tokens a completion", keys: ["completions/mean_length"]),
                Metric(title: "step size", keys: ["step_size", "sigma", "es/sigma"]),
            ]
        }
    }

    /// Small multiples of what was measured while training, one row for each configuration.
    func curves(_ section: Section, _ writer: inout PageWriter) {
        let shown = Set(section.results.map(\.cell.key))
        for family in Family.allCases {
            let cells = section.cells.filter { $0.family == family }
            guard !cells.isEmpty else { continue }
            let order = section.results.filter { $0.family == family }.map(\.cell)
            let rest = cells.filter { !shown.contains($0.key) }
            let panels = metrics(family).compactMap { metric in panel(metric, cells) }
            guard !panels.isEmpty else { continue }
            let steps = cells.flatMap(\.runs).map(\.steps.count).max() ?? 1
            writer.add("<figure class=\"curves\">" + header(panels))
            for cell in order { writer.add(row(cell, panels, steps, section)) }
            if !rest.isEmpty {
                writer.add("<details><summary>\(counted(rest.count, "configuration")) without a row in the tables</summary>")
                for cell in rest { writer.add(row(cell, panels, steps, section)) }
                writer.add("</details>")
            }
            writer.add(
                "<figcaption>"
                    + writer.caption(
                        figure: "Training by \(family.label): one row for each configuration, one thin line for each seed, "
                            + "\(grouped(steps)) steps from left to right. A column has one scale, given at its head; "
                            + "curves of more than \(SmallChart.points) steps are averaged to as many points.")
                    + "</figcaption></figure>\n")
        }
    }

    private typealias Panel = (metric: Metric, range: ClosedRange<Double>)

    /// A metric that at least one run has, with the range of all.
    private func panel(_ metric: Metric, _ cells: [Cell]) -> Panel? {
        let values = cells.flatMap(\.runs).flatMap { binned(metric.values($0), into: SmallChart.points) }
            .filter(\.isFinite)
        guard let low = values.min(), let high = values.max() else { return nil }
        return (metric, low...high)
    }

    private func header(_ panels: [Panel]) -> String {
        "<div class=\"row head\"><div></div>"
            + panels.map { metric, range in
                "<div><b>\(escaped(metric.title))</b><br/>\(figure(range.lowerBound)) to \(figure(range.upperBound))</div>"
            }.joined() + "</div>\n"
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
        if let rate = cell.learningRate { label += " · rate \(shortest(rate))" }
        if !differences.isEmpty { label += "<br/>\(escaped(differences))" }
        label += "<br/>runs "
        label += cell.runs.compactMap { numbers[$0.name] }.map { "<a href=\"#r\($0)\">\($0)</a>" }.joined(separator: " ")
        let charts = panels.map { metric, range in
            let curves = cell.runs.map(metric.values)
            guard curves.contains(where: { !$0.isEmpty }) else { return "<div class=\"none\">–</div>" }
            let ends = curves.compactMap(\.last).map(figure).joined(separator: ", ")
            return "<div>"
                + SmallChart(
                    title: "\(metric.title), at the end \(ends)", curves: curves, steps: steps, range: range,
                    colour: section.colour(of: cell.algorithm)
                ).svg + "</div>"
        }
        return "<div class=\"row\"><div class=\"label\">\(label)</div>\(charts.joined())</div>\n"
    }

    // MARK: Equal tokens

    /// Evolution and policy gradients by the tokens they sampled.
    func equalTokens(_ section: Section, _ writer: inout PageWriter) {
        guard !section.equalTokens.isEmpty else { return }
        var table = HTMLTable(
            caption: "", columns: [
                .init(title: "method", isNumber: false), .init(title: "parameters"), .init(title: "tokens each"),
                .init(title: "algorithm", isNumber: false), .init(title: "differs in", isNumber: false),
                .init(title: "accuracy %"), .init(title: "seeds"),
            ])
        if let baseline = section.baselines.first {
            table.rows.append(
                .init(
                    cells: ["untrained (adapter 0)", "0", "0", "", "", percent(baseline.accuracy.value), ""],
                    style: "control"))
        }
        var drawn: [ChartSeries] = []
        writer.add("<figure><div class=\"pair\">")
        for comparison in section.equalTokens {
            let series = comparison.lines.flatMap { line in
                line.seeds.map { seed in
                    ChartSeries(
                        name: algorithmLabel(line.algorithm), colour: section.colour(of: line.algorithm),
                        marker: line.family == .evolution ? .triangle : .circle,
                        points: seed.map {
                            ChartPoint(
                                x: $0.tokens, y: $0.accuracy,
                                note: "\(algorithmLabel(line.algorithm)): \(percent($0.accuracy)) % after "
                                    + "\(compact($0.tokens)) tokens")
                        })
                }
            }
            drawn += series
            let points = series.flatMap(\.points)
            var chart = Chart(
                title: "Accuracy against generated tokens, \(counted(comparison.parameters, "parameter"))",
                summary: "Evaluations while training by evolution and by policy gradients.",
                x: .init(
                    label: "tokens generated for training", scale: .round(around: points.map(\.x) + [0]), format: compact),
                y: .init(
                    label: "accuracy, %", scale: .round(around: points.map(\.y), within: 0...1),
                    format: { decimal(100 * $0, 0) }), series: series)
            chart.movesAside = false
            chart.labelWidth = 20
            chart.height = 250
            writer.add(
                "<div><p class=\"panel\">\(escaped(methodLabel(comparison.method))), "
                    + "\(counted(comparison.parameters, "parameter"))</p>" + chart.svg(id: writer.identifier()) + "</div>")
            for (position, line) in comparison.lines.enumerated() {
                table.rows.append(
                    .init(
                        cells: [
                            escaped(methodLabel(comparison.method)), grouped(comparison.parameters),
                            compact(comparison.budget), escaped(algorithmLabel(line.algorithm)),
                            escaped(line.differences), line.accuracyWithinBudget.map(percent) ?? "",
                            "\(line.seeds.count)",
                        ], style: position == 0 ? "group" : ""))
            }
        }
        writer.add(
            "</div>" + legend(drawn) + "<figcaption>"
                + writer.caption(
                    figure: "Evolution against policy gradients with the same number of parameters: accuracy at each "
                        + "evaluation against the tokens generated for training until then, one line for each seed.")
                + "</figcaption></figure>\n")
        table.caption = writer.caption(
            table: "Accuracy at equal tokens: the last evaluation within the tokens that every line of a size has spent, mean "
                + "over seeds.")
        writer.add(table.html(id: writer.identifier()))
    }

    // MARK: Answers

    /// What some runs answered before and after.
    func answers(_ section: Section, _ writer: inout PageWriter) {
        for run in section.answers {
            writer.add("<h3>Answers before and after: \(escaped(run.title))")
            if let number = numbers[run.run] {
                writer.add(
                    " <small><a href=\"#r\(number)\" title=\"\(escaped(run.run))/evaluation-samples.jsonl\">run \(number)</a></small>")
            }
            writer.add("</h3>\n")
            for pair in run.pairs {
                writer.add(
                    "<div class=\"answers\"><p>\(escaped(pair.question)) <b>Answer: \(escaped(pair.answer)).</b></p>"
                        + answer("before", pair.before, pair.beforeIsRight) + answer("after", pair.after, pair.afterIsRight)
                        + "</div>\n")
            }
        }
    }

    private func answer(_ when: String, _ text: String, _ isRight: Bool) -> String {
        let limit = 900
        let shown = text.count > limit ? text.prefix(limit) + " …" : text[...]
        return "<div><h4>\(when) <span class=\"\(isRight ? "right" : "wrong")\">\(isRight ? "✓ right" : "✗ wrong")</span></h4>"
            + "<pre>\(escaped(String(shown)))</pre></div>"
    }
}
