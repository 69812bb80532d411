import TinyLoRA

/// The machine's limits, measured on the threads that the kernels use and with the same division of work.
final class Yardstick {
    let team: WorkerTeam
    /// Larger than any cache: 320 MiB.
    private let memory = FloatBuffer(count: 80 << 20)
    /// About 3 milliseconds of multiply-adds on one core.
    private static let rounds = 1 << 19

    init(threads: Int) {
        team = WorkerTeam(threads: threads)
        memory.base.update(repeating: 1, count: memory.count)  // pages that were never written are one page, in cache
    }

    deinit { team.close() }

    /// What the limit is now, per second: flop or bytes.
    func measure(_ limit: MachineLimit) -> Double {
        let chunks = 4 * team.threads
        switch limit {
        case .multiplyAdd:
            let time = seconds { team.run(chunks: chunks) { _ in _ = MachineLimits.multiplyAdd(rounds: Self.rounds) } }
            return Double(MachineLimits.flopPerRound * Self.rounds * chunks) / time
        case .tileMultiplyAdd:
            let rounds = 16 * Self.rounds
            let time = seconds { team.run(chunks: chunks) { _ in _ = MachineLimits.tileMultiplyAdd(rounds: rounds) } }
            return Double(MachineLimits.flopPerRound * rounds * chunks) / time
        case .read:
            let part = memory.count / chunks
            let time = seconds {
                team.run(chunks: chunks) { _ = MachineLimits.read(memory.base + $0 * part, count: part) }
            }
            return Double(4 * part * chunks) / time
        }
    }

    private func seconds(_ work: () -> Void) -> Double {
        let start = ContinuousClock.now
        work()
        return (ContinuousClock.now - start) / .seconds(1)
    }
}
