import ArgumentParser
import Foundation
import TinyLoRA
import TinyFoundation

/// Shows which parts of an adapter matter, and whether all of its numbers are too small or too large.
struct AblateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ablate",
        abstract: "Shows which of an adapter's numbers matter: leaves out each group, or multiplies all (ablation).",
        discussion: """
            The same problems are answered by the whole adapter, by the base model, and by the adapter with one group of its \
            numbers at zero, each group in turn. A group is the numbers that some modules share; LoRA-XS and LoRA share \
            none and are divided by layers. This tells whether a group is needed. --alone tells whether it is enough: each \
            group in turn is kept, and all others are zero. --scale tells whether the adapter is too weak or too strong: \
            all of its numbers are multiplied by each of the factors. A factor of -1 is a control: what helps in one \
            direction should not help in the other.

            Differences are between the same problems, with 95 % intervals; p is McNemar's exact test, adjusted by \
            Holm's method for the number of groups or factors tried.

            Each of these evaluations has a directory of its own in --output, with every completion and the adapter that \
            made it, for tinylora eval --compare. --resume continues an interrupted command. A second command with the \
            same --output also needs --resume; it reuses the evaluations that both need.

            EXAMPLES
              tinylora ablate --adapter runs/demo --output ablations/demo
              tinylora ablate --adapter runs/demo --output ablations/demo --alone --resume
              tinylora ablate --adapter runs/demo --output ablations/demo --scale -1,0.5,2 --resume
              tinylora ablate --model DIR --adapter runs/gsm8k --problems test.jsonl \\
                --limit 200 --output ablations/gsm8k
              tinylora eval --compare ablations/demo/all ablations/demo/without-group-3
            """)

    @OptionGroup var model: ModelOptions
    @OptionGroup var problemOptions: EvaluatedProblemOptions
    @Option(parsing: .unconditional, help: "Completions per problem; more than one needs --temperature.")
    var samples = 1
    @OptionGroup var sampling: SamplingOptions
    @Flag(help: "Keep each group alone instead of leaving it out.")
    var alone = false
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Multiply all numbers by each of these factors instead, such as -1,0.5,2,4; 0 and 1 are always tried.",
            valueName: "factors"),
        transform: factors)
    var scale: [Float]?
    @Option(help: ArgumentHelp("Directory for the evaluations.", valueName: "dir"), transform: path)
    var output: String
    @Flag(help: "Resume the evaluations in --output.")
    var resume = false
    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard model.adapter != nil else {
            throw ValidationError("--adapter is missing: ablate needs a trained adapter")
        }
        guard !alone || scale == nil else {
            throw ValidationError("--alone and --scale make different tables: give one of them")
        }
        try sampling.check(samples: samples)
        try problemOptions.check()
    }

    func run() async throws {
        let console = Console(json: json)
        let (loaded, opened, engine) = try model.open(console)
        guard let adapter = opened?.file else { throw ValidationError("--adapter is missing") }
        let parameters = sampling.parameters(
            stopTokens: loaded.stopTokens, mostTokens: loaded.isAbacus ? 128 : 1024)
        let problems = try await problemOptions.resolved().choosingStyles(
            for: loaded, engine, adapter: adapter.values, sampling: parameters, seed: sampling.seed
        ) { style, progress in
            console.progress("trying prompt style \(style)  \(progress.finished)/\(progress.total) answered")
        }
        func evaluation(
            _ adapter: ModelOptions.OpenedAdapter? = nil, in path: String? = nil
        ) throws -> EvaluationRun {
            try EvaluationRun(
                of: problems, by: loaded, engine, adapter: adapter, sampling: parameters, samplesPerProblem: samples,
                seed: sampling.seed, in: path, isResuming: resume)
        }
        let plan = try evaluation()
        let ablation = try AdapterAblation(
            scale.map { .scaled(by: $0) } ?? (alone ? .only : .without), of: adapter, asking: plan.manifest,
            in: output, isResuming: resume)
        introduce(plan, on: console)
        console.say("adapter    \(adapter.design.description)")
        for part in ablation.zeroParts { console.note("note       \(part.name) is zero already and not tried") }
        for (index, variant) in ablation.variants.enumerated() {
            let run = try evaluation(variant.adapter, in: variant.path)
            var results: [EvaluationResult] = []
            for part in run.parts {
                let name = "\(index + 1)/\(ablation.variants.count) \(variant.name)  \(part.set.name)"
                let result = try await evaluate(part, of: run, named: name, on: console)
                warn(about: result, of: part, named: "\(variant.name), \(part.set.name)", on: console)
                console.note("\(name)  strict \(percent(result.strict))")
                results.append(result)
            }
            _ = try run.finish(results)
        }
        let report = try ablation.report()
        for set in report.sets { show(set, of: report.kind, on: console) }
        console.say("records    \(output)")
        try console.result(report)
    }
}

/// The factors of `--scale`.
private func factors(_ text: String) throws -> [Float] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
        guard let factor = Float(word.trimmingCharacters(in: .whitespaces)) else {
            throw ValidationError("\"\(word)\" is not a number; factors are written as 0.5,2,4")
        }
        return factor
    }
}

private func show(_ set: AblatedSet, of kind: AblationReport.Kind, on console: Console) {
    console.say("problems   \(set.everything.problems) of \(set.problemSet)")
    console.say()
    let rows = rows(of: set, kind), width = max(10, rows.map(\.name.count).max() ?? 0)
    let placeWidth = rows.map(\.place.count).max() ?? 0
    let title =
        switch kind {
        case .without: "left out"
        case .only: "kept"
        case .scaled: "numbers"
        }
    console.say(
        left(title, width) + column("size", 10) + "  " + left("modules", placeWidth)
            + "   strict   points (95 %)         lenient  tokens  better  worse      p")
    for row in rows {
        console.say(left(row.name, width) + column(row.size, 10) + "  " + left(row.place, placeWidth) + row.values)
    }
    console.say()
}

/// A row of the table.
private struct AblationRow {
    let name: String
    var size = ""
    var place = ""
    let values: String
}

/// The reference first, then the groups or factors; the whole adapter or the base model last, or before the first factor above 1.
private func rows(of set: AblatedSet, _ kind: AblationReport.Kind) -> [AblationRow] {
    func values(_ comparison: EvaluationComparison, _ pValue: Double?) -> String {
        String(format: "  %5.1f %%   ", 100 * comparison.strict.after) + left(points(comparison.strict), 21)
            + String(format: "%6.1f %%  %6.0f  ", 100 * comparison.lenient.after, comparison.meanLength[1])
            + column(comparison.test.map { "\($0.improved)" } ?? "–", 6) + "  "
            + column(comparison.test.map { "\($0.worsened)" } ?? "–", 5) + "  "
            + (pValue.map(pValueText) ?? "–")
    }
    let first = AblationRow(
        name: kind == .scaled ? "times 0" : "nothing",
        values: String(format: "  %5.1f %%   ", 100 * set.everything.strict.before) + left("", 21)
            + String(format: "%6.1f %%  %6.0f", 100 * set.everything.lenient.before, set.everything.meanLength[0]))
    var tried = set.effects.map { effect in
        AblationRow(
            name: effect.name, size: String(format: "%.4f", effect.norm), place: effect.place,
            values: values(effect.comparison, effect.adjustedPValue))
    }
    let other = AblationRow(
        name: kind == .scaled ? "times 1" : "everything", values: values(set.everything, set.everything.test?.pValue))
    let place = set.effects.firstIndex { ($0.factor ?? 0) > 1 } ?? tried.count
    tried.insert(other, at: place)
    return [first] + tried
}
