import ArgumentParser
import Foundation
import TinyLoRA
import TinyFoundation

/// Shows which parts of an adapter matter.
struct AblateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ablate",
        abstract: "Shows which of an adapter's numbers matter: leaves out each group in turn (ablation).",
        discussion: """
            The same problems are answered with the whole adapter, with each group of its numbers set to zero, and by the \
            base model. A group is the modules that share numbers; LoRA-XS and LoRA, which share none, are divided by \
            layers. --alone turns it around: what does each group do when all others are zero? The first question is \
            whether a group is needed, the second whether it is enough.

            Differences are between the same problems, with 95 % intervals; p is McNemar's exact test, adjusted for the \
            number of groups by Holm's method.

            Each of these evaluations has a directory of its own in --output, with every completion and the adapter that \
            made it, for tinylora eval --compare. --resume continues an interrupted command.

            EXAMPLES
              tinylora ablate --adapter runs/demo --output ablations/demo
              tinylora ablate --adapter runs/demo --output ablations/demo --alone --resume
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
    @Option(help: ArgumentHelp("Directory for the evaluations.", valueName: "dir"), transform: path)
    var output: String
    @Flag(help: "Resume the evaluations in --output.")
    var resume = false
    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard model.adapter != nil else { throw ValidationError("--adapter is missing: there is nothing to leave out") }
        try sampling.check(samples: samples)
        try problemOptions.check()
    }

    func run() async throws {
        let console = Console(json: json)
        let (loaded, opened, engine) = try model.open(console)
        guard let adapter = opened?.file else { return }
        let ablation = try AdapterAblation(alone ? .only : .without, of: adapter, in: output)
        let parameters = sampling.parameters(
            stopTokens: loaded.stopTokens, mostTokens: loaded.isAbacus ? 128 : 1024)
        let problems = try await problemOptions.resolved().choosingStyles(
            for: loaded, engine, adapter: adapter.values, sampling: parameters, seed: sampling.seed
        ) { style, progress in
            console.progress("trying prompt style \(style)  \(progress.finished)/\(progress.total) answered")
        }
        console.say("adapter    \(adapter.design.description)")
        for part in ablation.zeroParts { console.note("note       \(part.name) is zero already and not tried") }
        for (index, variant) in ablation.variants.enumerated() {
            let run = try EvaluationRun(
                of: problems, by: loaded, engine, adapter: variant.adapter, sampling: parameters,
                samplesPerProblem: samples, seed: sampling.seed, in: variant.path, isResuming: resume)
            var results: [EvaluationResult] = []
            for part in run.parts {
                let name = "\(index + 1)/\(ablation.variants.count) \(variant.name)  \(part.set.name)"
                results.append(try await evaluate(part, of: run, named: name, on: console))
            }
            _ = try run.finish(results)
        }
        let report = try ablation.report()
        for set in report.sets { show(set, of: report.kind, on: console) }
        console.say("records    \(output)")
        try console.result(report)
    }
}

private func show(_ set: AblatedSet, of kind: AdapterAblation.Kind, on console: Console) {
    console.say("problems   \(set.everything.problems) of \(set.problemSet)")
    console.say()
    let names = set.parts.map(\.name), width = max(10, names.map(\.count).max() ?? 0)
    let spans = set.parts.map { span(of: $0.modules) }, spanWidth = spans.map(\.count).max() ?? 0
    console.say(
        left(kind == .without ? "left out" : "kept", width) + column("size", 10) + "  " + left("modules", spanWidth)
            + "   strict   points (95 %)         lenient  tokens  better  worse      p")
    func row(_ name: String, _ size: String, _ span: String, _ values: String) {
        console.say(left(name, width) + column(size, 10) + "  " + left(span, spanWidth) + values)
    }
    func values(_ comparison: EvaluationComparison, _ pValue: Double) -> String {
        let strict = comparison.strict, difference = strict.difference
        return String(format: "  %5.1f %%   ", 100 * strict.after)
            + left(
                String(
                    format: "%+.1f [%+.1f, %+.1f]", 100 * difference.mean, 100 * difference.low, 100 * difference.high),
                21)
            + String(
                format: "%6.1f %%  %6.0f  %6d  %5d  %.2g", 100 * comparison.lenient.after, comparison.meanLength[1],
                comparison.test.improved, comparison.test.worsened, pValue)
    }
    row(
        "nothing", "", "",
        String(format: "  %5.1f %%   ", 100 * set.everything.strict.before) + left("", 21)
            + String(format: "%6.1f %%  %6.0f", 100 * set.everything.lenient.before, set.everything.meanLength[0]))
    for (part, span) in zip(set.parts, spans) {
        row(part.name, String(format: "%.4f", part.norm), span, values(part.comparison, part.adjustedPValue))
    }
    row("everything", "", "", values(set.everything, set.everything.test.pValue))
    console.say()
}

/// Modules in a few words: `layers 0-1`, or `layers 0-23 q_proj` where not all kinds are there.
private func span(of modules: [String]) -> String {
    let parts = modules.map { $0.split(separator: ".") }
    let layers = parts.compactMap { $0.count > 2 ? Int($0[2]) : nil }
    guard let first = layers.min(), let last = layers.max() else { return "\(modules.count) modules" }
    var kinds: [Substring] = []
    for kind in parts.compactMap(\.last) where !kinds.contains(kind) { kinds.append(kind) }
    return (first == last ? "layer \(first)" : "layers \(first)-\(last)")
        + (kinds.count < 4 ? " " + kinds.joined(separator: ", ") : "")
}
