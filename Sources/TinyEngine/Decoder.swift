internal import TinyModel
internal import TinyTensor
import TinyFoundation

/// Samples completions of many requests at once; sequences enter and leave the batch as they begin and end.
///
/// Each pass computes one token of every running sequence and the whole prompts of those that begin. A prompt is computed
/// once and its keys and values are shared by its samples.
struct Decoder {
    let model: LanguageModel
    let contextLength: Int
    let vocabulary: Int
    let team: WorkerTeam

    /// A request as the engine sees it.
    struct Job {
        let prompt: [Int]
        let streams: [RandomStream]
        let change: LowRankChange?
        let sampling: SamplingParameters
    }

    /// Most sequences that run at once: past this the matrix products gain nothing.
    private static let mostSequences = 256
    /// Most bytes of keys and values.
    private static let cacheBudget = 2 << 30
    /// Prompt rows that begin in one pass, so that running sequences do not wait long.
    private static let promptRows = 1024
    /// Most logits held at once.
    private static let logitBudget = 1 << 24

    private final class Sequence {
        let job: Int
        let sample: Int
        let cache: SequenceCache
        var tokens: [Int] = []
        var logprobs: [Float] = []

        init(job: Int, sample: Int, cache: SequenceCache) {
            self.job = job
            self.sample = sample
            self.cache = cache
        }
    }

    /// Samples until every completion has ended.
    ///
    /// - Parameters:
    ///   - progress: Called after each pass with the tokens sampled and the completions ended so far.
    ///   - chosen: Called with every token as it is chosen.
    func run(
        _ jobs: [Job], progress: ((_ tokens: Int, _ finished: Int) -> Void)? = nil,
        chosen: ((_ token: Int) -> Void)? = nil
    ) throws(EngineError) -> [[Completion]] {
        var results = jobs.map { [Completion?](repeating: nil, count: $0.streams.count) }
        var running: [Sequence] = []
        var waiting = units(jobs)[...]
        var tokens = 0, finished = 0
        while !running.isEmpty || !waiting.isEmpty {
            let starting = admit(&waiting, running: running.count, jobs: jobs)
            let prompts = starting.map { unit in
                Segment(cache: SequenceCache(for: model), tokens: jobs[unit.job].prompt, change: jobs[unit.job].change)
            }
            let steps = running.map { sequence in
                Segment(
                    cache: sequence.cache, tokens: [sequence.tokens[sequence.tokens.count - 1]],
                    change: jobs[sequence.job].change)
            }
            let hidden = model.advance(steps + prompts, team: team)
            var choices: [(row: Int, sequence: Sequence)] = running.enumerated().map { ($0.offset, $0.element) }
            for (index, unit) in starting.enumerated() {
                for sample in unit.samples {
                    let cache = prompts[index].cache
                    choices.append(
                        (
                            running.count + index,
                            Sequence(
                                job: unit.job, sample: sample, cache: unit.samples.count == 1 ? cache : cache.fork())
                        ))
                }
            }
            try choose(choices, hidden: hidden, jobs: jobs)
            running = []
            for (_, sequence) in choices {
                tokens += 1
                chosen?(sequence.tokens[sequence.tokens.count - 1])
                if let stop = stopReason(sequence, jobs[sequence.job]) {
                    results[sequence.job][sequence.sample] = Completion(
                        tokens: sequence.tokens, logprobs: sequence.logprobs, stop: stop)
                    finished += 1
                } else {
                    running.append(sequence)
                }
            }
            progress?(tokens, finished)
        }
        return results.map { $0.compactMap { $0 } }
    }

    // MARK: Admission

    /// A prompt with as many of its samples as may run at once.
    private struct Unit {
        let job: Int
        let samples: Range<Int>
    }

    private func units(_ jobs: [Job]) -> [Unit] {
        jobs.indices.flatMap { job in
            let count = jobs[job].streams.count, most = mostSequences(jobs[job])
            return stride(from: 0, to: count, by: most).map { Unit(job: job, samples: $0..<min(count, $0 + most)) }
        }
    }

    private func mostSequences(_ job: Job) -> Int {
        let length = min(contextLength, job.prompt.count + job.sampling.maxTokens)
        return max(1, min(Self.mostSequences, Self.cacheBudget / max(1, model.cacheBytes(length: length))))
    }

    /// Takes units off the queue while there is room.
    private func admit(_ waiting: inout ArraySlice<Unit>, running: Int, jobs: [Job]) -> [Unit] {
        var admitted: [Unit] = []
        var sequences = running, rows = 0
        while let unit = waiting.first {
            let isAlone = sequences == 0
            guard isAlone || sequences + unit.samples.count <= mostSequences(jobs[unit.job]) else { break }
            guard isAlone || rows + jobs[unit.job].prompt.count <= Self.promptRows else { break }
            admitted.append(waiting.removeFirst())
            sequences += unit.samples.count
            rows += jobs[unit.job].prompt.count
        }
        return admitted
    }

    // MARK: Choosing

    /// Adds one token to every sequence of `choices`.
    private func choose(
        _ choices: [(row: Int, sequence: Sequence)], hidden: Matrix, jobs: [Job]
    ) throws(EngineError) {
        let block = max(1, Self.logitBudget / vocabulary)
        var next = 0
        for first in stride(from: 0, to: hidden.rows, by: block) {
            let rows = first..<min(hidden.rows, first + block)
            let logits = model.nextLogits(hidden, rows: rows, team: team)
            let start = next
            while next < choices.count, choices[next].row < rows.upperBound { next += 1 }
            var chosen = [(token: Int, logprob: Float)?](repeating: nil, count: next - start)
            chosen.withUnsafeMutableBufferPointer { chosen in
                nonisolated(unsafe) let chosen = chosen
                team.split(chosen.count, least: max(1, 4096 / vocabulary)) { part in
                    for index in part {
                        let (row, sequence) = choices[start + index]
                        chosen[index] = token(sequence, jobs[sequence.job], logits.row(row - rows.lowerBound))
                    }
                }
            }
            for (index, choice) in chosen.enumerated() {
                guard let choice else {
                    throw EngineError(
                        .notFinite,
                        "the model's logits are not finite numbers: its weights or its adapter have diverged")
                }
                choices[start + index].sequence.tokens.append(choice.token)
                choices[start + index].sequence.logprobs.append(choice.logprob)
            }
        }
    }

    private func token(_ sequence: Sequence, _ job: Job, _ logits: Floats) -> (token: Int, logprob: Float)? {
        var stream = job.streams[sequence.sample]
        stream.seek(toBlock: sequence.tokens.count)
        let sampling = job.sampling
        return TokenSampler(temperature: sampling.temperature, topK: sampling.topK, topP: sampling.topP)
            .choose(logits, count: vocabulary, uniform: stream.uniform())
    }

    private func stopReason(_ sequence: Sequence, _ job: Job) -> StopReason? {
        let count = sequence.tokens.count
        if job.sampling.stopTokens.contains(sequence.tokens[count - 1]) { return .endOfText }
        if count >= job.sampling.maxTokens { return .tokenLimit }
        return job.prompt.count + count >= contextLength ? .contextFull : nil
    }
}
