import TinyLoRA

/// Kernels that go over rows once, and the cost of starting the threads.
enum RowBench {
    static func group(team: WorkerTeam) -> BenchGroup {
        BenchGroup(title: "rows and threads") {
            [
                norm(rows: 1024, columns: 896, team), norm(rows: 1024, columns: AbacusModel.hiddenSize, team),
                gate(rows: 1024, columns: 4864, team), gate(rows: 1024, columns: AbacusModel.intermediateSize, team),
                exponentials(rows: 256, columns: 2048, team), launch(team),
            ]
        }
    }

    private static func norm(rows: Int, columns: Int, _ team: WorkerTeam) -> BenchCase {
        let x = RandomNumbers.matrix(rows, columns), weight = RandomNumbers.matrix(1, columns)
        let y = Matrix(rows: rows, columns: columns), scale = Matrix(rows: rows, columns: 1)
        return .bytes("RMSNorm", shape: "\(columns)", size: rows, Double(8 * x.count)) { times in
            for _ in 0..<times {
                Kernels.rmsNorm(x, weight: weight, epsilon: 1e-6, into: y, rstd: scale, team: team)
            }
        }
    }

    private static func gate(rows: Int, columns: Int, _ team: WorkerTeam) -> BenchCase {
        let gateUp = RandomNumbers.matrix(rows, 2 * columns), y = Matrix(rows: rows, columns: columns)
        return .bytes("SwiGLU", shape: "2 x \(columns)", size: rows, Double(12 * y.count)) { times in
            for _ in 0..<times {
                Kernels.swiglu(gateUp, into: y, team: team)
            }
        }
    }

    /// The first half of a softmax, as the head does it on a tile of logits: largest, `exp` and sum.
    private static func exponentials(rows: Int, columns: Int, _ team: WorkerTeam) -> BenchCase {
        let logits = RandomNumbers.matrix(rows, columns), exps = Matrix(rows: rows, columns: columns)
        return BenchCase(
            name: "exp of logits", shape: "\(columns)", size: rows, rate: .exponentials(Double(exps.count)),
            bound: BenchBound(limit: .read, amount: Double(8 * exps.count))
        ) { times in
            for _ in 0..<times {
                team.split(rows, least: 8) { part in
                    for row in part {
                        _ = Kernels.chunkExp(
                            logits.row(row), count: columns, inverseTemperature: 1, exps: exps.row(row))
                    }
                }
            }
        }
    }

    private static func launch(_ team: WorkerTeam) -> BenchCase {
        BenchCase(name: "launch of an empty job", shape: "threads", size: team.threads, rate: .latency, bound: nil) {
            times in
            for _ in 0..<times { team.run(chunks: team.threads) { _ in } }
        }
    }
}
