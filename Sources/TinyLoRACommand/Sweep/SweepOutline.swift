import TinyLoRA
import TinyFoundation

/// What a sweep would do.
struct SweepOutline: Encodable {
    let name: String
    let cells: Int
    let expectedRuns: Int
    let runs: [Run]

    /// One run that may be needed.
    struct Run: Encodable {
        let name: String
        let cell: String
        let seed: UInt64
        let tuning: Bool
        let estimate: RunEstimate
    }

    init(_ plan: SweepPlan, selecting isSelected: (String) -> Bool) {
        name = plan.name
        cells = plan.cells.count
        expectedRuns = plan.expectedRuns
        runs = plan.runs.filter { isSelected($0.name) }.map { run in
            let cell = plan.cells[run.cell]
            return Run(
                name: run.name, cell: cell.name, seed: run.seed, tuning: cell.tuningSeeds.contains(run.seed),
                estimate: RunEstimate(run.configuration))
        }
    }

    private enum CodingKeys: String, CodingKey {
        case name, cells, runs
        case expectedRuns = "expected_runs"
    }

    func show(_ console: Console, folder: String, jobs: Int) {
        let width = max(3, runs.map(\.name.count).max() ?? 0)
        console.say("\(padding("run", width))    steps  completions  tokens at most")
        for run in runs {
            let estimate = run.estimate
            console.say(
                padding(run.name, width) + column(estimate.steps.map(grouped) ?? "?", 9)
                    + column(estimate.completions.map(grouped) ?? "?", 13)
                    + column(estimate.tokensAtMost.map(grouped) ?? "?", 16) + (run.tuning ? "  decides" : ""))
        }
        let completions = runs.compactMap(\.estimate.completions).reduce(0) { $0 &+ $1 }
        console.say(
            "\(grouped(runs.count)) runs in \(grouped(cells)) cells, of which \(grouped(expectedRuns)) are needed once "
                + "values are chosen · \(grouped(completions)) completions in all · \(jobs) at a time")
        console.say("sweep      \(folder)")
    }

    private func padding(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
