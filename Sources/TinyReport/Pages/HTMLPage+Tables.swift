internal import TinyFoundation
internal import TinyRecords

extension HTMLPage {
    /// Results, lenient grades and cost, thresholds, learning rates, ablations.
    func tables(_ section: Section, _ writer: inout HTMLWriter) {
        results(section, &writer)
        lenient(section, &writer)
        thresholds(section, &writer)
        for key in Set(section.choices.map(\.key)).sorted() {
            choice(of: key, section.choices.filter { $0.key == key }, &writer)
        }
        for ablation in section.ablations { self.ablation(ablation, section, &writer) }
    }

    private static let sizeColumns: [HTMLTable.Column] = [.text("method"), .text("algorithm"), .number("parameters")]

    private func sizeCells(_ row: some TrainedSize) -> [String] {
        [escaped(methodLabel(row.method)), escaped(algorithmLabel(row.algorithm)), grouped(row.parameters)]
    }

    // MARK: One row for each result

    private func add(
        _ columns: [ResultColumn], of section: Section, caption: String, _ writer: inout HTMLWriter
    ) {
        var table = HTMLTable(columns: Self.sizeColumns + [.text("differs in")] + columns.map(\.column))
        for baseline in section.baselines {
            table.addUntrained(["", "0", ""] + columns.map { $0.untrained(baseline) })
        }
        for result in section.results {
            // A rule above the first row of each algorithm.
            let first = section.results.first { $0.algorithm == result.algorithm }
            table.add(
                sizeCells(result) + [escaped(result.differences)] + columns.map { $0.trained(result) },
                style: first?.cell.key == result.cell.key ? "group" : "")
        }
        writer.add(table, caption: caption)
    }

    private func results(_ section: Section, _ writer: inout HTMLWriter) {
        let table = ResultTable(section: section)
        let notes = table.notes.map(escaped).joined(separator: " ").replacing(
            " %", with: "\u{A0}%")
        let columns: [ResultColumn] = [
            .number("bytes", note: "of the trained numbers as stored", untrained: { _ in "0" }) { grouped($0.bytes) },
            .number("rate", note: "peak learning rate") { $0.markedRate },
            .number("seeds") { "\($0.seeds.count)" },
            .number("accuracy %", untrained: { traced(percent($0.accuracy.value), $0.sources) }) {
                traced(percent($0.accuracy.value), $0.sources)
            },
            .number("95 %", untrained: { percentInterval($0.accuracy) }) { percentInterval($0.accuracy) },
            .number("gain", note: "accuracy minus that of the untrained model, in points") { result in
                result.gain.map {
                    traced(signedPercent($0.value), result.sources, "95 %: \(percentInterval($0))")
                } ?? ""
            },
            .number("of full %", note: "the gain as a share of that of full fine-tuning") {
                $0.share.map { percent($0.value) } ?? ""
            },
            .number("95 %") { $0.share.map(percentInterval) ?? "" },
            .number(
                "better / worse",
                note: "problems that only the trained / only the untrained model gets right, mean over seeds"
            ) { changes($0) },
            .number("McNemar p", note: "exact, two-sided; the largest of the seeds") { result in
                let tests = result.comparisons.map {
                    "seed \($0.seed): \($0.improved) better, \($0.worsened) worse, \(pValuePhrase($0.p))"
                }
                return result.largestP.map {
                    traced(typeset($0), result.sources, tests.joined(separator: "\n"))
                } ?? ""
            },
            .number("difference", note: "accuracy minus that of \(section.against ?? ""), in points") { result in
                let text = table.difference(result)
                guard let seeds = result.against?.pairedSeeds else { return text }
                let numbers = seeds.map(String.init).joined(separator: ", ")
                return traced(text, result.sources, seeds.isEmpty ? "no seed in both" : "pairs: seeds \(numbers)")
            },
            .number("95 %") { $0.against.map { percentInterval($0.difference) } ?? "" },
            .number("p of difference", note: "two-sided, of no difference") { $0.against?.p.map(typeset) ?? "" },
            ResultColumn(
                column: HTMLTable.Column(title: "runs", isNumber: false, note: "numbers in the index of runs"),
                untrained: controlLinks, trained: { links($0.sources) }),
        ]
        add(columns, of: section, caption: notes, &writer)
    }

    private func lenient(_ section: Section, _ writer: inout HTMLWriter) {
        guard section.results.contains(where: { $0.lenient != nil }) else { return }
        let columns: [ResultColumn] = [
            .number("strict %", untrained: { percent($0.accuracy.value) }) { percent($0.accuracy.value) },
            .number("lenient %", untrained: { $0.lenient.map(percent) ?? "" }) { result in
                result.lenient.map { traced(percent($0), result.sources) } ?? ""
            },
            .number("well-formed %", untrained: { $0.wellFormed.map(percent) ?? "" }) {
                $0.wellFormed.map(percent) ?? ""
            },
            .number("sampled %", note: "reward of all completions of the last steps of training") {
                $0.sampledReward.map(percent) ?? ""
            },
            .number("tokens an answer", untrained: { $0.completionLength.map { decimal($0, 1) } ?? "" }) {
                $0.completionLength.map { decimal($0, 1) } ?? ""
            },
            .number("tokens generated") {
                $0.generatedTokens.map(compact) ?? ($0.family == .supervised ? "0" : "")
            },
            .number("training time") { clockTime($0.trainingSeconds) },
            .text("runs", untrained: controlLinks) { links($0.sources) },
        ]
        let notes = rewardNotes(section.results.map(\.cell)).map { " " + escaped($0) }.joined()
        add(
            columns, of: section,
            caption:
                "Lenient grade, form and cost. Lenient counts a right answer wherever it stands; well-formed counts "
                + "completions with an answer, right or wrong, in the requested format. A gain in the strict grade with "
                + "none in the lenient one is a gain in form. Sampled is the mean reward of all completions of the last "
                + "\(RecordedRun.endSteps) steps, those of groups that dynamic sampling replaced included, with penalties on length "
                + "and at the temperature of training: it can rise where greedy answers do not change. "
                + "Tokens and time are those of training, mean over seeds." + notes, &writer)
    }

    /// Links to the first runs only: every run evaluates the untrained model.
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
        let text = pValueText(p)
        guard !text.hasPrefix("<"), let e = text.firstIndex(of: "e") else { return escaped(text) }
        let power = Int(text[text.index(after: e)...]) ?? 0
        return "\(text[..<e])·10<sup>\(power < 0 ? "−" : "")\(abs(power))</sup>"
    }

    // MARK: Other tables

    private func thresholds(_ section: Section, _ writer: inout HTMLWriter) {
        guard !section.thresholds.isEmpty else { return }
        var table = HTMLTable(
            columns: [.text("algorithm")]
                + Threshold.shares.map { .number("\(decimal(100 * $0, 0)) % of the gain") })
        table.addUntrained(Threshold.shares.map { _ in "–" })
        for (algorithm, thresholds) in section.thresholds.inGroups(by: \.algorithm) {
            let sizes = thresholds.map { threshold in
                guard let parameters = threshold.parameters, let method = threshold.method else { return "–" }
                return "\(grouped(parameters)) \(small(escaped(methodLabel(method))))"
            }
            table.add([escaped(algorithmLabel(algorithm))] + sizes)
        }
        writer.add(
            table,
            caption: "The smallest number of trained parameters whose mean recovers a share of the gain of full "
                + "fine-tuning; – where none of the sizes does.")
    }

    private func choice(of key: String, _ selections: [TunedChoice], _ writer: inout HTMLWriter) {
        let values = Set(selections.flatMap { $0.trials.map(\.value) }).sorted(by: precedes)
        var table = HTMLTable(
            columns: Self.sizeColumns + [.text("differs in")] + values.map { .number(escaped($0.words)) })
        let controls = Set(selections.compactMap(\.untrained)).sorted()
        if !controls.isEmpty {
            let text = controls.map(percent).joined(separator: ", ")
            table.addUntrained(["", "0", ""] + values.map { _ in text })
        }
        for selection in selections {
            let trials = values.map { value in
                guard let trial = selection.trials.first(where: { $0.value == value }) else { return "" }
                let text = traced(percent(trial.accuracy), trial.sources)
                return trial.isChosen ? "<b>● \(text)</b>" : text
            }
            table.add(sizeCells(selection) + [escaped(selection.differences)] + trials)
        }
        writer.add(
            table,
            caption:
                "Choice of the \(escaped(key.replacing("_", with: " "))): accuracy on validation problems in %, mean "
                + "over the seeds that all values have. Bold with ● is the value that was chosen, of equals the smallest; "
                + "test problems have no part in it.")
    }

    private func ablation(_ ablation: Ablation, _ section: Section, _ writer: inout HTMLWriter) {
        let names = [
            "element_type": "Precision of the trained numbers", "arithmetic": "Arithmetic of products with the weights",
            "tying": "Way of tying",
            "frozen_subspace": "Frozen subspace", "rank": "Rank of the frozen subspace",
            "projection_seed": "Draw of the random projections, by its seed",
        ]
        var table = HTMLTable(columns: Self.sizeColumns + ablation.values.map { .number(escaped($0)) })
        if let usual = section.baselines.first {
            // Each column's runs may have measured their own: other arithmetic can give other answers.
            let texts = ablation.values.indices.map { column in
                let runs = Set(ablation.rows.compactMap { $0.results[column] }.flatMap(\.sources).map(\.run))
                let own = section.baselines.filter { $0.sources.contains { runs.contains($0.run) } }
                return (own.isEmpty ? [usual] : own).map { baseline in
                    percent(baseline.accuracy.value) + " " + small(percentInterval(baseline.accuracy))
                }.joined(separator: ", ")
            }
            table.addUntrained(["", "0"] + texts)
        }
        for row in ablation.rows {
            let results = row.results.map { result in
                guard let result else { return "" }
                let more = result.parameters == row.parameters ? "" : " at \(grouped(result.parameters))"
                return traced(percent(result.accuracy.value), result.sources) + more + " "
                    + small(percentInterval(result.accuracy))
            }
            table.add(sizeCells(row) + results)
        }
        let keys = ablation.rows.reduce(into: Set<String>()) { $0.formUnion($1.chosenKeys) }.sorted()
        let chosen =
            keys.isEmpty
            ? ""
            : " but the \(escaped(keys.joined(separator: ", ").replacing("_", with: " "))), which was chosen for each on validation "
                + "problems"
        writer.add(
            table,
            caption: "\(names[ablation.key] ?? escaped(ablation.key)): configurations that differ in nothing else"
                + chosen + ", accuracy in % with 95 % intervals.")
    }

    private func small(_ text: String) -> String { text.isEmpty ? "" : "<small>\(text)</small>" }
}
