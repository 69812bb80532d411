import TinyLoRA

/// The same product in both arithmetics on every instruction set that this processor has: what vector units and tiles gain.
/// Rows are rounded to bf16 before, as a model rounds them once for several matrices.
enum ArithmeticBench {
    private static let inputs = 896, outputs = 4864
    private static let rows = [1, 4, 32, 128]

    static func groups(team: WorkerTeam) -> [BenchGroup] {
        [
            BenchGroup(title: "products by instruction set") { cases(team, transposed: false) },
            BenchGroup(title: "transposed products by instruction set") { cases(team, transposed: true) },
        ]
    }

    /// The plain kernels, which take seconds, are left out.
    private static func cases(_ team: WorkerTeam, transposed: Bool) -> [BenchCase] {
        let weights = RotatingMatrices(inputs: inputs, outputs: outputs, format: .bfloat16, copies: .cold)
        let most = rows.max() ?? 1
        let x = RandomNumbers.matrix(most, transposed ? outputs : inputs)
        let y = Matrix(rows: most, columns: transposed ? inputs : outputs)
        return InstructionSet.available.filter { $0 != .plain }.flatMap { set in
            Arithmetic.allCases.flatMap { arithmetic in
                rows.map { rows in product(arithmetic, set, rows, x, weights, y, transposed, team) }
            }
        }
    }

    private static func product(
        _ arithmetic: Arithmetic, _ set: InstructionSet, _ rows: Int, _ x: Matrix, _ weights: RotatingMatrices,
        _ y: Matrix,
        _ transposed: Bool, _ team: WorkerTeam
    ) -> BenchCase {
        let rounded = RoundedRows(x.view.rows(0..<rows), team: team)
        let flop = 2 * Double(rows) * Double(inputs) * Double(outputs)
        return .flop("\(arithmetic.rawValue) \(set.rawValue)", shape: "\(inputs) x \(outputs)", size: rows, flop) {
            times in
            let from = x.view.rows(0..<rows), to = y.view.rows(0..<rows)
            for _ in 0..<times {
                let matrix = weights.next()
                switch (arithmetic, transposed) {
                case (.float32, false): matrix.multiply(from, into: to, on: set, team: team)
                case (.float32, true): matrix.multiplyTransposed(from, into: to, on: set, team: team)
                case (.bfloat16, false): matrix.multiply(rounded, into: to, on: set, team: team)
                case (.bfloat16, true): matrix.multiplyTransposed(rounded, into: to, on: set, team: team)
                }
            }
        }
    }
}
