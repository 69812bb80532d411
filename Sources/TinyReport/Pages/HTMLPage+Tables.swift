extension HTMLPage {
    /// Results, lenient grades and cost, thresholds, learning rates, ablations.
    func tables(_ section: Section, _ writer: inout PageWriter) {
        results(section, &writer)
        lenient(section, &writer)
        thresholds(section, &writer)
        choices(section, &writer)
        for ablation in section.ablations { self.ablation(ablation, section, &writer) }
    }

    private static let identity: [HTMLTable.Column] = [
        .init(title: "method", isNumber: false), .init(title: "algorithm", isNumber: false),
        .init(title: "parameters"), .init(title: "differs in", isNumber: false),
    ]

    private func identity(_ result: CellResult) -> [String] {
        [
            escaped(methodLabel(result.method)), escaped(algorithmLabel(result.algorithm)), grouped(result.parameters),
            escaped(result.differences),
        ]
    }

    private func results(_ section: Section, _ writer: inout PageWriter) {
        let notes = ResultTable(section: section).notes.map(escaped).joined(separator: " ").replacing(
            " %", with: "\u{A0}%")
        var table = HTMLTable(
            caption: writer.caption(table: notes),
            columns: Self.identity + [
                .init(title: "bytes", note: "of the trained numbers as stored"),
                .init(title: "rate", note: "peak learning rate"), .init(title: "seeds"),
                .init(title: "accuracy %"), .init(title: "95 %"),
                .init(title: "gain", note: "accuracy minus that of the untrained model, in points"),
                .init(title: "of full %", note: "the gain as a share of that of full fine-tuning"),
                .init(title: "95 %"),
                .init(
                    title: "better / worse",
                    note: "problems that only the trained / only the untrained model gets right, mean over seeds"),
                .init(title: "McNemar p", note: "exact, two-sided; the largest of the seeds"),
                .init(title: "runs", isNumber: false, note: "numbers in the index of runs"),
            ])
        for baseline in section.baselines {
            table.rows.append(
                .init(
                    cells: [
                        "untrained (adapter 0)", "", "0", "", "0", "", "",
                        traced(percent(baseline.accuracy.value), baseline.sources), percentInterval(baseline.accuracy),
                        "", "", "", "", "", controlLinks(baseline),
                    ], style: "control"))
        }
        for result in section.results {
            let tests = result.comparisons.map {
                "seed \($0.seed): \($0.improved) better, \($0.worsened) worse, p = \(pValue($0.p))"
            }.joined(separator: "\n")
            let gain = result.gain.map {
                traced(signedPercent($0.value), result.sources, "95 %: \(percentInterval($0))")
            }
            table.rows.append(
                .init(
                    cells: identity(result) + [
                        grouped(result.bytes), (result.learningRate.map(shortest) ?? "") + result.choice.mark,
                        "\(result.seeds.count)", traced(percent(result.accuracy.value), result.sources),
                        percentInterval(result.accuracy), gain ?? "", result.share.map { percent($0.value) } ?? "",
                        result.share.map(percentInterval) ?? "", changes(result),
                        result.largestP.map { traced(typeset($0), result.sources, tests) } ?? "", links(result.sources),
                    ], style: style(result, in: section)))
        }
        writer.add(table.html(id: writer.identifier()))
    }

    /// A rule above the first row of each algorithm.
    private func style(_ result: CellResult, in section: Section) -> String {
        let first = section.results.first { $0.algorithm == result.algorithm }
        return first?.cell.key == result.cell.key ? "group" : ""
    }

    /// Every run has the control, so the links stop after a few.
    private func controlLinks(_ baseline: Baseline) -> String {
        links(Array(baseline.sources.prefix(3)))
            + (baseline.sources.count > 3 ? " <span title=\"all \(baseline.sources.count) agree\">…</span>" : "")
    }

    /// Mean counts over seeds.
    private func changes(_ result: CellResult) -> String {
        guard !result.comparisons.isEmpty else { return "" }
        return decimal(mean(result.comparisons.map { Double($0.improved) }), 0) + " / "
            + decimal(mean(result.comparisons.map { Double($0.worsened) }), 0)
    }

    /// A p-value as it is printed: `0.004`, `9·10⁻⁵³`.
    private func typeset(_ p: Double) -> String {
        let text = pValue(p)
        guard !text.hasPrefix("<"), let e = text.firstIndex(of: "e") else { return escaped(text) }
        let power = Int(text[text.index(after: e)...]) ?? 0
        return "\(text[..<e])·10<sup>\(power < 0 ? "−" : "")\(abs(power))</sup>"
    }

    private func lenient(_ section: Section, _ writer: inout PageWriter) {
        guard section.results.contains(where: { $0.lenient != nil }) else { return }
        var table = HTMLTable(
            caption: writer.caption(
                table:
                    "Lenient grade, form and cost. Lenient counts a right answer wherever it stands; well-formed counts "
                    + "completions with an answer, right or wrong, where it was asked for. A gain in the strict grade with "
                    + "none in the lenient one is a gain in form. Sampled is the reward of the completions of the last "
                    + "\(Run.endSteps) steps, at the temperature of training: it can rise where greedy answers do not change. "
                    + "Tokens and time are those of training, mean over seeds."
            ),
            columns: Self.identity + [
                .init(title: "strict %"), .init(title: "lenient %"), .init(title: "well-formed %"),
                .init(title: "sampled %", note: "reward of the last steps of training"),
                .init(title: "tokens an answer"), .init(title: "tokens generated"), .init(title: "training time"),
                .init(title: "runs", isNumber: false),
            ])
        for baseline in section.baselines {
            table.rows.append(
                .init(
                    cells: [
                        "untrained (adapter 0)", "", "0", "", percent(baseline.accuracy.value),
                        baseline.lenient.map(percent) ?? "", baseline.wellFormed.map(percent) ?? "", "",
                        baseline.completionLength.map { decimal($0, 1) } ?? "", "", "", controlLinks(baseline),
                    ], style: "control"))
        }
        for result in section.results {
            table.rows.append(
                .init(
                    cells: identity(result) + [
                        percent(result.accuracy.value),
                        result.lenient.map { traced(percent($0), result.sources) } ?? "",
                        result.wellFormed.map(percent) ?? "", result.sampledReward.map(percent) ?? "",
                        result.completionLength.map { decimal($0, 1) } ?? "",
                        result.generatedTokens.map(compact) ?? (result.family == .supervised ? "0" : ""),
                        clock(result.trainingSeconds), links(result.sources),
                    ], style: style(result, in: section)))
        }
        writer.add(table.html(id: writer.identifier()))
    }

    private func thresholds(_ section: Section, _ writer: inout PageWriter) {
        guard !section.thresholds.isEmpty else { return }
        var algorithms: [String] = []
        for threshold in section.thresholds where !algorithms.contains(threshold.algorithm) {
            algorithms.append(threshold.algorithm)
        }
        var table = HTMLTable(
            caption: writer.caption(
                table: "The smallest number of trained parameters whose mean recovers a share of the gain of full "
                    + "fine-tuning; – where none of the sizes does."),
            columns: [.init(title: "algorithm", isNumber: false)]
                + Threshold.shares.map { .init(title: "\(decimal(100 * $0, 0)) % of the gain") })
        table.rows.append(
            .init(cells: ["untrained (adapter 0)"] + Threshold.shares.map { _ in "–" }, style: "control"))
        for algorithm in algorithms {
            let row = section.thresholds.filter { $0.algorithm == algorithm }
            table.rows.append(
                .init(
                    cells: [escaped(algorithmLabel(algorithm))]
                        + row.map { threshold in
                            guard let parameters = threshold.parameters, let method = threshold.method else {
                                return "–"
                            }
                            return "\(grouped(parameters)) <small>\(escaped(methodLabel(method)))</small>"
                        }))
        }
        writer.add(table.html(id: writer.identifier()))
    }

    private func choices(_ section: Section, _ writer: inout PageWriter) {
        for key in Set(section.choices.map(\.key)).sorted() {
            choice(of: key, section.choices.filter { $0.key == key }, &writer)
        }
    }

    private func choice(of key: String, _ selections: [TunedChoice], _ writer: inout PageWriter) {
        let values = Set(selections.flatMap { $0.trials.map(\.value) }).sorted(by: precedes)
        let name = escaped(key.replacing("_", with: " "))
        var table = HTMLTable(
            caption: writer.caption(
                table:
                    "Choice of the \(name): accuracy on validation problems in %, mean over the seeds that all values "
                    + "have. Bold with ● is the value that was chosen, of equals the smallest; test problems have no part "
                    + "in it."),
            columns: Self.identity + values.map { HTMLTable.Column(title: escaped("\($0)")) })
        let controls = Set(selections.compactMap(\.untrained)).sorted()
        if !controls.isEmpty {
            let text = controls.map(percent).joined(separator: ", ")
            table.rows.append(
                .init(cells: ["untrained (adapter 0)", "", "0", ""] + values.map { _ in text }, style: "control"))
        }
        for selection in selections {
            let trials = values.map { value in
                guard let trial = selection.trials.first(where: { $0.value == value }) else { return "" }
                let text = traced(percent(trial.accuracy), trial.sources)
                return trial.isChosen ? "<b>● \(text)</b>" : text
            }
            let identity = [
                escaped(methodLabel(selection.method)), escaped(algorithmLabel(selection.algorithm)),
                grouped(selection.parameters), escaped(selection.differences),
            ]
            table.rows.append(.init(cells: identity + trials))
        }
        writer.add(table.html(id: writer.identifier()))
    }

    private func ablation(_ ablation: Ablation, _ section: Section, _ writer: inout PageWriter) {
        let names = [
            "element_type": "Precision of the trained numbers", "tying": "Way of tying",
            "frozen_subspace": "Frozen subspace", "rank": "Rank of the frozen subspace",
            "projection_seed": "Draw of the random projections, by its seed",
        ]
        var table = HTMLTable(
            caption: writer.caption(
                table: "\(names[ablation.key] ?? escaped(ablation.key)): configurations that differ in nothing else, "
                    + "accuracy in % with 95 % intervals."),
            columns: [
                .init(title: "method", isNumber: false), .init(title: "algorithm", isNumber: false),
                .init(title: "parameters"),
            ] + ablation.values.map { .init(title: escaped($0)) })
        if let baseline = section.baselines.first {
            let text = percent(baseline.accuracy.value) + " " + small(percentInterval(baseline.accuracy))
            table.rows.append(
                .init(
                    cells: ["untrained (adapter 0)", "", "0"] + ablation.values.map { _ in text }, style: "control"))
        }
        for row in ablation.rows {
            table.rows.append(
                .init(
                    cells: [
                        escaped(methodLabel(row.method)), escaped(algorithmLabel(row.algorithm)),
                        grouped(row.parameters),
                    ]
                        + row.results.map { result in
                            guard let result else { return "" }
                            let more = result.parameters == row.parameters ? "" : " at \(grouped(result.parameters))"
                            return traced(percent(result.accuracy.value), result.sources) + more + " "
                                + small(percentInterval(result.accuracy))
                        }))
        }
        writer.add(table.html(id: writer.identifier()))
    }

    private func small(_ text: String) -> String { text.isEmpty ? "" : "<small>\(text)</small>" }
}
