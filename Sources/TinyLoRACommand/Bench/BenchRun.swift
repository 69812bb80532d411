import TinyFoundation
import TinyLoRA

/// One run of `tinylora bench`: what to measure, and the table of it.
struct BenchRun {
    let threads: Int
    let repeats: Int
    /// Whether to measure the kernels.
    let kernels: Bool
    /// The model to measure after them, if any.
    let model: BenchModel?
    let step: ModelBench.Step?
    let arithmetic: Arithmetic
    let console: Console

    func run() async throws {
        let yardstick = Yardstick(threads: threads)
        let runner = BenchRunner(yardstick: yardstick, repeats: repeats, console: console)
        let kernels = InstructionSet.active.rawValue
        console.note("bench      \(counted(threads, "thread")) · median of \(repeats) samples · \(kernels) kernels")
        var groups: [BenchGroup] = []
        if self.kernels {
            groups += ProductBench.groups(team: yardstick.team)
            groups += ArithmeticBench.groups(team: yardstick.team)
            groups.append(AttentionBench.group(team: yardstick.team))
            groups.append(RowBench.group(team: yardstick.team))
        }
        var result = Result(threads: threads, repeats: repeats, instructions: kernels)
        for group in groups {
            let (limits, rows) = try await runner.measure(group)
            console.note("measured   \(group.title)")
            result.limits[group.title] = limits
            result.rows += rows
            show(group.title, limits, rows)
        }
        if let model {
            let measurement = try await measure(model, yardstick)
            measurement.show(console)
            result.parts = measurement.parts
        }
        console.say("% is relative to the limit after it, measured in alternation: fma = multiply-adds, read = memory.")
        console.say("Data that stays in a cache is read faster than memory: there, % of read can pass 100.")
        try console.result(result)
    }

    private func measure(_ model: BenchModel, _ yardstick: Yardstick) async throws -> ModelMeasurement {
        let configuration = try model.configuration()
        let title =
            "model \(model.rawValue), \(grouped(configuration.parameterCount)) random bf16 weights, "
            + arithmetic.rawValue
        let bench = try ModelBench(configuration, arithmetic, step: step, threads: threads, repeats: repeats)
        return try await ModelMeasurement(
            title, bench, arithmetic, yardstick: yardstick, repeats: repeats, console: console)
    }

    private func show(_ title: String, _ limits: BenchLimits, _ rows: [BenchRow]) {
        console.say(
            "\(title): fma \(MachineLimit.multiplyAdd.text(limits.multiplyAdd)), read \(MachineLimit.read.text(limits.read))"
        )
        console.say(
            "  " + left("work", 24) + left("shape", 18) + column("size", 6) + column("µs", 12)
                + column("rate", 12) + left(" unit", 9) + column("%", 7))
        for row in rows {
            var line =
                "  " + left(row.name, 24) + left(row.shape, 18) + column("\(row.size)", 6)
                + column(row.microseconds, 12, places: row.microseconds < 100 ? 2 : 0)
                + column(row.rate, 12, places: row.rate < 1000 ? 2 : 0) + left(" " + row.unit, 9)
            if let percent = row.percent, let limit = row.limit {
                line += column(percent, 7, places: 1) + (limit == .multiplyAdd ? " fma" : " read")
            }
            console.say(line)
        }
        console.say()
    }

    private struct Result: Encodable {
        let threads: Int
        let repeats: Int
        /// The instruction set of the engine.
        let instructions: String
        /// By group: flop and bytes per second.
        var limits: [String: BenchLimits] = [:]
        var rows: [BenchRow] = []
        /// Of the model.
        var parts: [BenchPart] = []
    }
}
