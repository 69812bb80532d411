import Foundation
import TinyLoRA
import TinyFoundation

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

/// Compares two directories of records and shows the outcome.
func showComparison(before: String, after: String, on console: Console) throws {
    let first = try EvaluationFolder(reading: before), second = try EvaluationFolder(reading: after)
    let names = first.manifest.sets.map(\.name).filter { name in second.manifest.sets.contains { $0.name == name } }
    guard !names.isEmpty else {
        throw UsageError("\(before) and \(after) have no problem set in common")
    }
    var comparisons: [EvaluationComparison] = []
    for name in names { comparisons.append(try EvaluationComparison(of: name, before: first, after: second)) }
    let arithmetic = [first, second].map(\.manifest.arithmetic.rawValue)
    if arithmetic[0] != arithmetic[1] {
        console.warn(
            "\(before) was computed in \(arithmetic[0]) and \(after) in \(arithmetic[1]), which alone may change answers"
        )
    }
    for comparison in comparisons {
        let difference = comparison.difference, test = comparison.test
        console.say("problems   \(comparison.problems) of \(comparison.problemSet)")
        console.say(String(format: "before     %5.1f %%  ", 100 * comparison.before) + before)
        console.say(String(format: "after      %5.1f %%  ", 100 * comparison.after) + after)
        console.say(
            String(
                format: "difference %+5.1f points [%+.1f, %+.1f]", 100 * difference.mean, 100 * difference.low,
                100 * difference.high))
        console.say(
            "changed    \(test.improved) problems better, \(test.worsened) worse (McNemar p = "
                + String(format: "%.2g)", test.pValue))
        for change in comparison.changes.prefix(mostChanges) {
            let answers = [change.extractedBefore, change.extractedAfter].map { $0.map { "\"\($0)\"" } ?? "none" }
            console.say(
                "  \(change.before < change.after ? "better" : "worse ")  \(change.problem)  "
                    + "\(answers[0]) → \(answers[1])" + (change.answer.map { ", right is \"\($0)\"" } ?? ""))
        }
        if comparison.changes.count > mostChanges {
            console.say("  … \(comparison.changes.count - mostChanges) more; --json has all")
        }
    }
    try console.result(["comparisons": comparisons])
}

private let mostChanges = 40

/// `31.5 % [27.1, 36.2]`
func percent(_ proportion: BinomialProportion) -> String {
    percent(proportion.fraction, [proportion.interval.low, proportion.interval.high])
}

/// A fraction and its interval in percent.
func percent(_ fraction: Double, _ interval: [Double]) -> String {
    String(format: "%5.1f %% [%.1f, %.1f]", 100 * fraction, 100 * interval[0], 100 * interval[1])
}
