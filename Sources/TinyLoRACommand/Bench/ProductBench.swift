import TinyLoRA

/// Products with one shape of weights: forward, transposed, and the gradient of the weights.
struct ProductBench {
    let model: String
    let inputs: Int
    let outputs: Int
    /// Matrices that take turns, as the layers of a model do.
    let copies: RotatingMatrices.Copies
    let formats: [WeightFormat]
    let forwardRows: [Int]
    /// Of the transposed product, and of the gradient for those of at least 256 rows.
    let backwardRows: [Int]

    /// Most rows for which reading the weights takes longer than multiplying them.
    private static let memoryBoundRows = 2
    private static let allRows = [1, 4, 8, 32, 256, 1024]

    /// The shapes of Qwen2.5-0.5B and of Abacus; Qwen's head, with 151 936 outputs, in bf16 and for few rows only.
    static func groups(team: WorkerTeam) -> [BenchGroup] {
        func qwen(_ inputs: Int, _ outputs: Int) -> ProductBench {
            ProductBench(
                model: "Qwen2.5-0.5B", inputs: inputs, outputs: outputs, copies: .cold, formats: [.bfloat16, .float32],
                forwardRows: allRows, backwardRows: [32, 256, 1024])
        }
        func abacus(_ inputs: Int, _ outputs: Int) -> ProductBench {
            ProductBench(
                model: "Abacus", inputs: inputs, outputs: outputs, copies: .layers(AbacusModel.layerCount),
                formats: [.bfloat16, .float32], forwardRows: allRows, backwardRows: [32, 256, 1024])
        }
        let head = ProductBench(
            model: "Qwen2.5-0.5B", inputs: 896, outputs: 151_936, copies: .cold, formats: [.bfloat16],
            forwardRows: [1, 4, 8, 32], backwardRows: [32])
        let shapes = [
            qwen(896, 896), qwen(896, 4864), qwen(4864, 896), head,
            abacus(AbacusModel.hiddenSize, 2 * AbacusModel.intermediateSize),
            abacus(AbacusModel.intermediateSize, AbacusModel.hiddenSize),
        ]
        return shapes.map { shape in
            BenchGroup(title: "products \(shape.inputs) x \(shape.outputs) (\(shape.model))") { shape.cases(team) }
        }
    }

    private var shape: String { "\(inputs) x \(outputs)" }

    private func cases(_ team: WorkerTeam) -> [BenchCase] {
        let most = max(forwardRows.max() ?? 1, backwardRows.max() ?? 1)
        let x = RandomNumbers.matrix(most, inputs), y = RandomNumbers.matrix(most, outputs)
        var cases: [BenchCase] = []
        for format in formats {
            let weights = RotatingMatrices(inputs: inputs, outputs: outputs, format: format, copies: copies)
            let name = format == .bfloat16 ? "bf16" : "fp32"
            // The results go to matrices of their own: an operand that grew would end in infinities.
            let result = Matrix(rows: most, columns: max(inputs, outputs))
            cases += forwardRows.map { rows in
                forward("product \(name)", rows, weights, x: x, into: result, team)
            }
            cases += backwardRows.map { rows in
                .flop("transposed \(name)", shape: shape, size: rows, flop(rows)) { times in
                    for _ in 0..<times {
                        weights.next().multiplyTransposed(
                            y.view.rows(0..<rows),
                            into: MatrixView(result.base, rows: rows, columns: inputs), team: team)
                    }
                }
            }
        }
        guard formats.contains(.float32) else { return cases }
        let gradient = Matrix(rows: outputs, columns: inputs)
        return cases
            + backwardRows.filter { $0 >= 256 }.map { rows in
                weightGradient(rows, dy: y, x: x, into: gradient, team)
            }
    }

    private func flop(_ rows: Int) -> Double { 2 * Double(rows) * Double(inputs) * Double(outputs) }

    private func forward(
        _ name: String, _ rows: Int, _ weights: RotatingMatrices, x: Matrix, into y: Matrix, _ team: WorkerTeam
    ) -> BenchCase {
        let run = { (times: Int) in
            for _ in 0..<times {
                weights.next().multiply(
                    x.view.rows(0..<rows), into: MatrixView(y.base, rows: rows, columns: outputs), team: team)
            }
        }
        guard rows <= Self.memoryBoundRows else {
            return .flop(name, shape: shape, size: rows, flop(rows), run: run)
        }
        let bytes = weights.bytesOfOne + 4 * rows * (inputs + outputs)
        return .bytes(name, shape: shape, size: rows, Double(bytes), run: run)
    }

    /// What training all weights does for each of them: turn `dy`, pack `x`, multiply and add.
    private func weightGradient(
        _ rows: Int, dy: Matrix, x: Matrix, into gradient: Matrix, _ team: WorkerTeam
    ) -> BenchCase {
        .flop("weight gradient fp32", shape: shape, size: rows, flop(rows)) { times in
            for _ in 0..<times {
                let turned = Matrix(rows: outputs, columns: rows)
                Kernels.transpose(dy.view.rows(0..<rows), into: turned, team: team)
                PackedMatrix(columnsOf: x.view.rows(0..<rows), team: team)
                    .multiply(turned.view, into: gradient.view, adding: true, team: team)
            }
        }
    }
}
