import Testing
import TinyCheckpoint
import TinyFoundation
import TinyModel
import TinyTestSupport
import TinyTensor

/// What a sequence's logits are depends on its tokens and its change alone: not on how it is cut, nor on company.
@Suite("Decoding")
struct DecodingTests {
    private let team = ModelFixture.team

    /// Logits after the last token of each segment.
    private func next(_ model: LanguageModel, _ segments: [Segment]) -> [[Float]] {
        let hidden = model.advance(segments, team: team)
        let logits = model.nextLogits(hidden, rows: 0..<segments.count, team: team)
        return segments.indices.map(logits.rowValues)
    }

    @Test(
        "in any pieces gives the logits of one pass", arguments: Arithmetic.allCases,
        ["qwen2-tied", "llama", "qwen3", "smollm3", "mistral"])
    func pieces(arithmetic: Arithmetic, name: String) throws {
        for changed in [false, true] { try pieces(ModelFixture(name, arithmetic), changed: changed) }
    }

    private func pieces(_ fixture: ModelFixture, changed: Bool) throws {
        let model = fixture.model, change = changed ? try fixture.change() : nil
        let tokens = fixture.tokens(3), whole = model.logits(tokens, change: change, team: team)
        for cuts in [Array(0...tokens.count), [0, 5, 6, 46, tokens.count], [0, 63, 64, 65, tokens.count]] {
            let cache = SequenceCache(for: model)
            for (first, last) in zip(cuts, cuts.dropFirst()) {
                let segment = Segment(cache: cache, tokens: Array(tokens[first..<last]), change: change)
                let found = next(model, [segment])[0]
                #expect(
                    firstDifference(found, whole.rowValues(last - 1)) == nil, "\(first)..<\(last) of \(cuts.count) cuts"
                )
            }
            #expect(cache.count == tokens.count)
        }
    }

    @Test(
        "beside other sequences gives the logits of a sequence alone", arguments: Arithmetic.allCases,
        RandomModel.families)
    func company(arithmetic: Arithmetic, family: ModelConfiguration.Architecture) throws {
        let random = RandomModel(family), model = try random.model(arithmetic)
        let first = random.change(seed: 1)
        let changes = [first, first, random.change(rank: 2, seed: 2), nil, random.change(seed: 3)]
        let lengths = [70, 9, 66, 20, 33], pieces = [7, 1, 40, 2, 3]
        let tokens = lengths.indices.map { random.tokens(lengths[$0], seed: UInt64($0)) }
        let whole = tokens.indices.map { model.logits(tokens[$0], change: changes[$0], team: team) }
        let caches = tokens.map { _ in SequenceCache(for: model) }
        for _ in 0..<10 {
            let running = tokens.indices.filter { caches[$0].count < lengths[$0] }
            let segments = running.map { index in
                let first = caches[index].count, last = min(lengths[index], first + pieces[index])
                return Segment(cache: caches[index], tokens: Array(tokens[index][first..<last]), change: changes[index])
            }
            for (index, found) in zip(running, next(model, segments)) {
                let expected = whole[index].rowValues(caches[index].count - 1)
                #expect(firstDifference(found, expected) == nil, "sequence \(index) at \(caches[index].count)")
            }
        }
        #expect(zip(caches, lengths).count { $0.count == $1 } >= 3)
    }

    @Test("of forks disturbs neither sibling nor parent", arguments: [1, 63, 64, 65], Arithmetic.allCases)
    func forks(length: Int, arithmetic: Arithmetic) throws {
        for name in ["qwen2-tied", "qwen3"] { try forks(ModelFixture(name, arithmetic).model, length: length) }
    }

    private func forks(_ model: LanguageModel, length: Int) throws {
        let vocabulary = model.configuration.vocabularySize
        let prompt = randomTokens(length, below: vocabulary, seed: 1)
        let parent = SequenceCache(for: model)
        _ = model.advance([Segment(cache: parent, tokens: prompt, change: nil)], team: team)
        let caches = [parent.fork(), parent, parent.fork()]
        let continuations = (0..<3).map { randomTokens(4, below: vocabulary, seed: UInt64(2 + $0)) }
        for step in 0..<4 {
            let segments = caches.indices.map {
                Segment(cache: caches[$0], tokens: [continuations[$0][step]], change: nil)
            }
            // The first two together, the third after them: a write that reached a sibling would be read.
            let found = next(model, Array(segments[..<2])) + next(model, [segments[2]])
            for index in caches.indices {
                let tokens = prompt + continuations[index].prefix(step + 1)
                let expected = model.logits(tokens, team: team).rowValues(tokens.count - 1)
                #expect(firstDifference(found[index], expected) == nil, "sequence \(index), step \(step)")
            }
        }
    }

    @Test("with a change of zeros gives the base model's bits", arguments: ModelFixture.names)
    func zeroChange(name: String) throws {
        let fixture = try ModelFixture(name), tokens = fixture.tokens(3), change = try fixture.change()
        let zero = LowRankChange(factors: change.factors, mixing: change.mixing.map { _ in 0 })
        let found = fixture.model.logits(tokens, change: zero, team: team)
        let base = fixture.model.logits(tokens, team: team)
        #expect(firstDifference(found.values, base.values) == nil)
        let scored = [zero, nil].map { ScoredTokens(tokens: tokens, scored: 1..<tokens.count, change: $0) }
        let logprobs = ScoringPass(fixture.model, scored, temperature: 0.7, recording: .none, team: team).logprobs
        #expect(firstDifference(logprobs[0], logprobs[1]) == nil)
    }
}
