import Foundation
import Synchronization
import TinyLoRA
import TinyFoundation

/// Evaluates a problem set, with its progress.
///
/// - Parameter name: What the progress calls it.
func evaluate(
    _ part: EvaluationRun.Part, of run: EvaluationRun, named name: String, on console: Console
) async throws -> EvaluationResult {
    let timer = Mutex(EvaluationTimer(maxTokens: run.manifest.sampling.maxTokens)), start = ContinuousClock.now
    return try await run.evaluate(part) { progress, earlier in
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let left = timer.withLock { $0.secondsLeft(progress, at: seconds) }
        let tokens = progress.tokens - earlier.reduce(0) { $0 + $1.tokenCount }
        console.progress(
            "\(name)  \(progress.finished)/\(progress.total) answered · "
                + "\(Int(Double(tokens) / max(1e-3, seconds))) tok/s"
                + (left.map { " · \(clock($0)) left" } ?? ""))
    }
}

/// Shows the results on a problem set.
func show(_ result: EvaluationResult, of part: EvaluationRun.Part, on console: Console) {
    if let reason = result.formatWarning(of: part.prompter.style) { console.warn("\(part.set.name): \(reason)") }
    let failures = result.samples.compactMap(\.grade.failure)
    if let first = failures.first {
        console.warn(
            "\(part.set.name): the grader failed on \(failures.count) completions, which count as wrong: \(first)")
    }
    let each = result.samplesPerProblem > 1 ? " · \(result.samplesPerProblem) samples each" : ""
    let grader = part.grader.split(separator: " ").first.map(String.init) ?? part.grader
    console.say(
        "problems   \(result.problemCount) of \(part.set.name)\(each) · \(part.prompter.style.name) · \(grader)")
    console.say("strict     \(percent(result.strict))")
    console.say("lenient    \(percent(result.lenient))")
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

/// `31.5 % [27.1, 36.2]`
func percent(_ proportion: BinomialProportion) -> String {
    percent(proportion.fraction, [proportion.interval.low, proportion.interval.high])
}

/// A fraction and its interval in percent.
func percent(_ fraction: Double, _ interval: [Double]) -> String {
    String(format: "%5.1f %% [%.1f, %.1f]", 100 * fraction, 100 * interval[0], 100 * interval[1])
}
