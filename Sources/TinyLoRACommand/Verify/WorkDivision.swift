import TinyLoRA

/// One way to divide the work, which must give the bits of the first way.
struct WorkDivision {
    let name: String
    /// What it takes, in rows of a pass through the model; only its proportion counts.
    let cost: Double
    /// Given what was sampled first, computes some of the numbers.
    let run: (_ sampled: Findings) async throws -> Findings
}

extension VerifiedWork {
    /// Rows that a pass costs at least, however few it has: the weights must be read.
    private static let leastRows = 8.0
    /// Samples of a session.
    private static let batches = [1, 3, 32, 64]
    /// Samples of each prompt in divisions that cost most for each sample.
    private static let fewSamples = 3
    private static let pieces = [1, 7, 64]
    private static let piecedPrompts = 0..<4

    private func engine(threads: Int, learningRows: Int? = nil) -> LocalEngine {
        LocalEngine(model: model, method: method, threads: threads, learningRows: learningRows)
    }

    /// The divisions whose numbers others are compared with: as much at once as there is.
    func firstDivisions(threads: Int) -> [WorkDivision] { divisions("", threads: threads) }

    /// All other divisions of this process.
    ///
    /// - Parameter threads: Numbers of threads; the last one was used for the first divisions.
    func otherDivisions(threads: [Int]) -> [WorkDivision] {
        let most = threads[threads.count - 1], engine = engine(threads: most)
        var all = threads.dropLast().flatMap { count in
            divisions(", \(count == 1 ? "1 thread" : "\(count) threads")", threads: count, of: most)
        }
        let everySample = samples(), fewSamples = samples(most: Self.fewSamples)
        for batch in Self.batches {
            let samples = batch <= Self.fewSamples ? fewSamples : everySample
            let sessions = stride(from: 0, to: samples.count, by: batch).map { start in
                requests(samples[start..<min(samples.count, start + batch)])
            }
            let part = Double(samples.count) / Double(everySample.count)
            let cost = samplingCost(batch: Double(batch), promptsShared: Double(batch)) * part
            all.append(
                WorkDivision(name: "sampled in batches of \(batch)", cost: cost) { _ in
                    try await sampled(sessions, on: engine)
                })
        }
        all.append(
            WorkDivision(name: "sampled, own prompts", cost: samplingCost(batch: 64, promptsShared: 1) / 3) { _ in
                try await sampled([fewSamples.map { [$0] }], on: engine)
            })
        all.append(
            WorkDivision(name: "sampled, joining one by one", cost: samplingCost(batch: 12, promptsShared: 1) / 3) {
                _ in
                try await sampledJoining(fewSamples, on: engine)
            })
        all.append(
            WorkDivision(name: "sampled, each adapter alone", cost: samplingCost(batch: 24)) { _ in
                try await sampled(promptsByAdapter.map { $0.map(samples(of:)) }, on: engine)
            })
        for size in Self.pieces {
            all.append(
                WorkDivision(name: "prompts in pieces of \(size)", cost: piecesCost(size)) { _ in
                    try sampled(inPiecesOf: size, prompts: Self.piecedPrompts, threads: most)
                })
        }
        all.append(
            WorkDivision(name: "scored together", cost: learningCost / 2) { first in
                try await scored(first, most: .max, apart: false, on: engine)
            })
        all.append(
            WorkDivision(name: "scored one by one", cost: learningCost / 2) { first in
                try await scored(first, most: 1, apart: true, on: engine)
            })
        for rows in [1, 100] {
            let small = self.engine(threads: most, learningRows: rows)
            all.append(
                WorkDivision(name: "gradients, passes of \(rows)", cost: 1.5 * learningCost) { first in
                    try await differentiated(first, apart: false, on: small)
                })
        }
        all.append(
            WorkDivision(name: "gradients, prompts apart", cost: learningCost) { first in
                try await differentiated(first, apart: true, on: engine)
            })
        if let lora {
            all.append(
                WorkDivision(name: "gradient of LoRA, passes of 1", cost: learningCost / 4) { first in
                    try await differentiatedLoRA(lora, first, learningRows: 1, threads: most)
                })
        }
        return all
    }

    /// Everything at once on some threads.
    private func divisions(_ suffix: String, threads: Int, of most: Int? = nil) -> [WorkDivision] {
        let engine = engine(threads: threads), slowness = Double(most ?? threads) / Double(threads)
        var all = [
            WorkDivision(
                name: "sampled together" + suffix, cost: slowness * samplingCost(batch: 64)
            ) { _ in
                try await sampled([requests(samples())], on: engine)
            },
            WorkDivision(name: "gradients" + suffix, cost: slowness * learningCost) { first in
                try await differentiated(first, apart: false, on: engine)
            },
        ]
        if let lora {
            all.append(
                WorkDivision(name: "gradient of LoRA" + suffix, cost: slowness * learningCost / 4) { first in
                    try await differentiatedLoRA(lora, first, learningRows: nil, threads: threads)
                })
        }
        return all
    }

    /// Samples in requests of one prompt each.
    private func requests(_ samples: some Collection<Sample>) -> [[Sample]] {
        prompts.indices.map { prompt in samples.filter { $0.prompt == prompt } }
            .filter { !$0.isEmpty }
    }

    private func samples(of prompt: Int) -> [Sample] { samples().filter { $0.prompt == prompt } }

    // MARK: Costs

    private func sum(_ count: (Prompt) -> Int) -> Double { Double(prompts.reduce(0) { $0 + count($1) }) }

    /// - Parameter promptsShared: How many samples of a prompt share its rows.
    private func samplingCost(batch: Double, promptsShared: Double = .infinity) -> Double {
        sum { $0.tokens.count * max(1, Int(Double($0.samples) / promptsShared)) }
            + sum { $0.samples * $0.newTokens } * max(1, Self.leastRows / batch)
    }

    private func piecesCost(_ size: Int) -> Double {
        let pieces = prompts[..<min(prompts.count, Self.piecedPrompts.upperBound)].reduce(0) {
            $0 + $1.tokens.count / size + 1 + $1.newTokens
        }
        return Double(pieces) * max(Self.leastRows, Double(size) / 2)
    }

    private var learningCost: Double {
        2 * sum { $0.tokens.count + min($0.samples, Self.learntSamples) * $0.newTokens }
    }
}
