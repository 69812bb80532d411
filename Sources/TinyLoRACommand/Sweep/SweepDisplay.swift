import Foundation
import Synchronization
import TinyLoRA
import TinyFoundation

/// Turns what happens in a sweep into lines for people.
final class SweepDisplay: Sendable {
    private let console: Console
    private let jobs: Int
    private let began = ContinuousClock.now
    private let costs: [String: Double]
    private let kept: Set<String>
    private let told: Mutex<Set<String>>

    init(console: Console, state: SweepState, jobs: Int) {
        self.console = console
        self.jobs = jobs
        costs = Dictionary(
            state.plan.runs.map { ($0.name, RunEstimate($0.configuration).cost) }, uniquingKeysWith: { $1 })
        kept = Set(state.outcomes.keys)
        told = Mutex(Set(state.choices.map(\.cell)))
    }

    func header(folder: String, jobs: Int, done: Int, due: Int) {
        console.note("sweep      \(folder) · \(jobs) at a time")
        if done > 0 { console.note("resuming   \(done) runs are done, \(due) can begin") }
    }

    /// A line for each run under way, and one for all.
    func progress(_ state: SweepState, children: [ChildRun]) {
        console.board {
            children.sorted { $0.name < $1.name }.map(line) + [overall(state, children: children)]
        }
    }

    func finished(_ name: String, _ score: SweepScore, after began: ContinuousClock.Instant) {
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        console.note(
            "finished   \(name)" + (score.test.map { String(format: " · test %.1f %%", 100 * $0) } ?? "")
                + (score.validation.map { String(format: " · validation %.1f %%", 100 * $0) } ?? "")
                + " · \(clock(seconds))")
    }

    func failed(_ name: String, _ failure: FailureRecord) {
        console.note("FAILED     \(name) after \(failure.step) steps: \(failure.error)")
    }

    /// Choices that have been made since the last call.
    func tell(newChoicesOf state: SweepState) {
        for choice in state.choices where told.withLock({ $0.insert(choice.cell).inserted }) {
            let candidates = choice.candidates.map { candidate in
                "\(candidate.value) " + (candidate.validation.map { String(format: "%.1f %%", 100 * $0) } ?? "failed")
            }
            let chosen = choice.value.map { "\(choice.key) \($0)" } ?? "nothing: every run failed"
            console.note("chosen     \(choice.cell): \(chosen) · validation: \(candidates.joined(separator: ", "))")
        }
    }

    /// One row per cell: the mean over its final runs.
    func table(_ state: SweepState) {
        let rows = state.plan.cells.map { cell in
            let finals = state.runs(of: cell).filter(state.isFinal)
            let scores = finals.compactMap { run -> SweepScore? in
                if case .finished(let score) = state.outcomes[run.name] { score } else { nil }
            }
            return Row(
                name: cell.name,
                chosen: state.choices.first { $0.cell == cell.name }?.value?.description ?? "",
                seeds: "\(scores.count)/\(cell.seeds.count)", test: scores.compactMap(\.test))
        }
        let width = max(4, rows.map(\.name.count).max() ?? 0)
        let key = state.plan.tuning?.key ?? ""
        let keyWidth = max(key.count, rows.map(\.chosen.count).max() ?? 0)
        console.say("\(padded("cell", width))  \(column(key, keyWidth))  runs   test %    min    max")
        for row in rows {
            let numbers =
                row.test.isEmpty
                ? column("–", 9)
                : column(100 * row.test.reduce(0, +) / Double(row.test.count), 9, places: 1)
                    + column(100 * (row.test.min() ?? 0), 7, places: 1)
                    + column(100 * (row.test.max() ?? 0), 7, places: 1)
            console.say(
                "\(padded(row.name, width))  \(column(row.chosen, keyWidth))  \(column(row.seeds, 4))\(numbers)")
        }
    }

    private struct Row {
        let name: String
        let chosen: String
        let seeds: String
        let test: [Double]
    }

    private func line(_ child: ChildRun) -> String {
        let (steps, sinceStart, last) = child.progress()
        let seconds = (ContinuousClock.now - child.began) / .seconds(1)
        let left = sinceStart > 0 ? clock(seconds / Double(sinceStart) * Double(child.steps - steps)) : "?"
        let reward = last?.metrics.rollout.map { String(format: " · reward %.3f", $0.reward) } ?? ""
        let rate = last.map { " · \(grouped(Int($0.time.tokensPerSecond))) tok/s" } ?? ""
        return "  \(child.name)  step \(steps)/\(child.steps)\(reward)\(rate) · left \(left)"
    }

    private func overall(_ state: SweepState, children: [ChildRun]) -> String {
        // Runs of an earlier choice, which are not needed any more, are done all the same.
        let done = state.outcomes.count, known = done + children.count + state.due().count
        let total = max(state.plan.expectedRuns, known)
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        // Work done in this call against work left, where runs not yet due count as their cell's average.
        var finished = state.outcomes.keys.filter { !kept.contains($0) }.reduce(0) { $0 + (costs[$1] ?? 0) }
        var left = state.due().reduce(0) { $0 + (costs[$1.name] ?? 0) }
        for child in children {
            let share = Double(child.progress().steps) / Double(max(1, child.steps)), cost = costs[child.name] ?? 0
            finished += share * cost
            left += (1 - share) * cost
        }
        left += Double(total - known) * costs.values.reduce(0, +) / Double(max(1, costs.count))
        let estimate = finished > 0 ? clock(left * seconds / finished) : "?"
        return "  \(done)/\(total) runs · \(children.count) under way · elapsed \(clock(seconds)) · left \(estimate)"
    }
}

/// `text` left-aligned in `width` columns.
private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}
