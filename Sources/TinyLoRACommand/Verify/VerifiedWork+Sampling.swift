import TinyLoRA
import TinyFoundation

// Ways to sample the same completions.
extension VerifiedWork {
    /// Sessions one after the other; each has these requests, given by their samples, from its beginning.
    func sampled(_ sessions: [[[Sample]]], on engine: LocalEngine) async throws -> Findings {
        var findings = Findings()
        for requests in sessions {
            let completions = try await engine.complete(requests.map(request))
            for (samples, completions) in zip(requests, completions) {
                for (sample, completion) in zip(samples, completions) { findings.add(completion, of: sample.part) }
            }
        }
        return findings
    }

    /// One session; every sample is a request, and joins after the first token of the one before.
    func sampledJoining(_ samples: [Sample], on engine: LocalEngine) async throws -> Findings {
        var findings = Findings(), waiting = samples[...], parts: [Int: String] = [:]
        let session = engine.session()
        while true {
            if let sample = waiting.popFirst() { parts[try session.add(request([sample]))] = sample.part }
            let events = try await session.advance()
            guard !events.isEmpty || !waiting.isEmpty else { return findings }
            for case .finished(let id, let completion) in events {
                if let part = parts[id.request] { findings.add(completion, of: part) }
            }
        }
    }

    /// The first sample of some prompts, each alone; a prompt enters the cache in pieces of so many tokens.
    func sampled(inPiecesOf size: Int, prompts: Range<Int>, threads: Int) throws -> Findings {
        let team = WorkerTeam(threads: threads)
        defer { team.close() }
        var findings = Findings()
        for sample in samples(most: 1) where prompts.contains(sample.prompt) {
            findings.add(try sampled(sample, inPiecesOf: size, team: team), of: sample.part)
        }
        return findings
    }

    private func sampled(_ sample: Sample, inPiecesOf size: Int, team: WorkerTeam) throws -> Completion {
        let prompt = prompts[sample.prompt], cache = SequenceCache(for: model)
        let change = prompt.adapter.map { method.change(values: adapters[$0]) }
        func advance(_ tokens: some Sequence<Int>) -> Matrix {
            model.advance([Segment(cache: cache, tokens: Array(tokens), change: change)], team: team)
        }
        var hidden = Matrix(rows: 0, columns: 0), completion = Completion(tokens: [], logprobs: [], stop: .tokenLimit)
        for start in stride(from: 0, to: prompt.tokens.count, by: size) {
            hidden = advance(prompt.tokens[start..<min(prompt.tokens.count, start + size)])
        }
        var random = RandomStream(stream(sample))
        let sampler = TokenSampler(temperature: 1, topK: nil, topP: 1)
        while true {
            let logits = model.nextLogits(hidden, rows: 0..<1, team: team)
            random.seek(toBlock: completion.tokens.count)
            guard let choice = sampler.choose(logits.row(0), count: logits.columns, uniform: random.uniform()) else {
                throw EngineError(.notFinite, "the model's logits are not finite numbers")
            }
            completion.tokens.append(choice.token)
            completion.logprobs.append(choice.logprob)
            if completion.tokens.count == prompt.newTokens { return completion }
            hidden = advance([choice.token])
        }
    }
}
