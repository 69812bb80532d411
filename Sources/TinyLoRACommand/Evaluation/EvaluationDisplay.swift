import Foundation
import TinyLoRA
import TinyFoundation

/// Evaluates a problem set, with its progress.
///
/// - Parameter name: What the progress calls it.
func evaluate(
    _ part: EvaluationRun.Part, of run: EvaluationRun, named name: String, on console: Console
) async throws -> EvaluationResult {
    let clock = SamplingClock(maxTokens: run.mostTokens)
    return try await run.evaluate(part) { progress, earlier in
        let pace = clock.pace(at: progress, earlier: earlier.reduce(0) { $0 + $1.tokenCount })
        console.progress("\(name)  \(progress.finished)/\(progress.total) answered · \(pace)")
    }
}

/// Says what a reader should know before the results: about the sets, the styles and the arithmetic.
func introduce(_ run: EvaluationRun, on console: Console) {
    for part in run.parts {
        for note in part.notes { console.note("note       \(note)") }
        if !part.styleTrials.isEmpty { console.note("style      " + choice(of: part)) }
    }
    console.say("arithmetic \(run.manifest.arithmetic.rawValue)")
}

/// Which style was chosen, and why.
private func choice(of part: EvaluationRun.Part) -> String {
    let trials = part.styleTrials.map { "\($0.style) \($0.wellFormed) of \($0.completions)" }.joined(separator: ", ")
    return
        "\(part.prompter.style.name) for \(part.set.name) · trial completions with an answer in the requested format: "
        + trials
}

/// Warns of results that may not mean what they seem to.
func warn(about result: EvaluationResult, of part: EvaluationRun.Part, named name: String, on console: Console) {
    if let reason = result.formatWarning(of: part.prompter.style) { console.warn("\(name): \(reason)") }
    let failures = result.samples.compactMap(\.grade.failure)
    if let first = failures.first {
        console.warn(
            "\(name): the grader failed on \(failures.count) completions, which count as wrong: \(first)")
    }
}

/// Shows the results on a problem set.
func show(_ result: EvaluationResult, of part: EvaluationRun.Part, on console: Console) {
    warn(about: result, of: part, named: part.set.name, on: console)
    let each = result.samplesPerProblem > 1 ? " · \(result.samplesPerProblem) samples each" : ""
    let grader = part.grader.split(separator: " ").first.map(String.init) ?? part.grader
    console.say(
        "problems   \(result.problemCount) of \(part.set.name)\(each) · \(part.prompter.style.name) · \(grader)")
    console.say("strict     \(percent(result.strict))")
    console.say("lenient    \(percent(result.lenient))")
    if let score = tellingScore(result.score?.mean, result.score?.interval, beside: result.strict.fraction) {
        console.say("score      \(score)")
    }
    if let majority = result.majority {
        console.say("maj@\(left("\(result.samplesPerProblem)", 7))\(percent(majority))")
    }
    for pass in result.passes {
        console.say("pass@\(left("\(pass.k)", 6))\(percent(pass.fraction, [pass.interval.low, pass.interval.high]))")
    }
    show(result.subjects, named: "subject", on: console)
    show(result.levels, named: "level", on: console)
    console.say(
        "tokens     \(grouped(result.tokenCount)) · \(Int(result.tokensPerSecond)) tok/s · "
            + "\(result.truncatedCount) of \(result.samples.count) reached the token limit")
}

private func show(_ groups: [EvaluationGroup], named name: String, on console: Console) {
    guard groups.count > 1 else { return }
    let width = max(name.count, groups.map(\.label.count).max() ?? 0)
    console.say("  \(left(name, width))  problems  strict (95 %)          lenient (95 %)")
    for group in groups {
        let strict = left(percent(group.strict), 21)
        console.say(
            "  \(left(group.label, width))  \(column("\(group.problems)", 8)) \(strict) \(percent(group.lenient))")
    }
}

/// The text of a mean score that says more than the share of right answers: one that differs from it.
func tellingScore(_ mean: Double?, _ interval: [Double]?, beside accuracy: Double?) -> String? {
    mean.flatMap { $0 == accuracy ? nil : scoreText($0, interval) }
}

/// `0.625 [0.111, 1.139]`
func scoreText(_ mean: Double, _ interval: [Double]?) -> String {
    String(format: "%.3f", mean) + (interval.map { String(format: " [%.3f, %.3f]", $0[0], $0[1]) } ?? "")
}

/// `31.5 % [27.1, 36.2]`
func percent(_ proportion: BinomialProportion) -> String {
    percent(proportion.fraction, [proportion.interval.low, proportion.interval.high])
}

/// A fraction and its interval in percent.
func percent(_ fraction: Double, _ interval: [Double]) -> String {
    String(format: "%5.1f %% [%.1f, %.1f]", 100 * fraction, 100 * interval[0], 100 * interval[1])
}
