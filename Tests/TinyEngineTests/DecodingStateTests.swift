import Foundation
import Testing
import TinyEngine
import TinyFoundation

/// The decoder's state machine as a table: what happens on the left, what the next pass computes and what comes out on the right.
@Suite("Decoding state")
struct DecodingStateTests {
    /// One line of the table.
    enum Step {
        /// A request of so many samples joins.
        case add(Int, samples: Int, prompt: Int = 2, maxTokens: Int = 9)
        case cancel(Int)
        /// A running sample ends after its tokens; nothing for one that does not run.
        case stop(Int, Int, String?)
        /// A pass must compute these, and these tokens are chosen; 0 is the stop token, -1 none for want of probabilities.
        case pass(
            continuing: [String], starting: [String], beginning: String? = nil, tokens: [Int], finished: [String])
        /// Nothing is left to compute.
        case idle
    }

    static let tables: [(String, DecodingState.Limits, [Step])] = [
        (
            "a request runs until its stop token", limits(),
            [
                .add(0, samples: 1),
                .pass(continuing: [], starting: ["0:0..<1"], tokens: [5], finished: []),
                .pass(continuing: ["0.0"], starting: [], tokens: [0], finished: ["0.0 endOfText 5,0"]),
                .idle,
            ]
        ),
        (
            "samples share one prompt and end one by one", limits(),
            [
                .add(0, samples: 3, maxTokens: 3),
                .pass(continuing: [], starting: ["0:0..<3"], tokens: [5, 0, 6], finished: ["0.1 endOfText 0"]),
                .pass(continuing: ["0.0", "0.2"], starting: [], tokens: [7, 8], finished: []),
                .pass(
                    continuing: ["0.0", "0.2"], starting: [], tokens: [9, 0],
                    finished: ["0.0 tokenLimit 5,7,9", "0.2 endOfText 6,8,0"]),
                .idle,
            ]
        ),
        (
            "a request joins while another runs", limits(),
            [
                .add(0, samples: 1),
                .pass(continuing: [], starting: ["0:0..<1"], tokens: [5], finished: []),
                .add(1, samples: 2),
                .pass(continuing: ["0.0"], starting: ["1:0..<2"], tokens: [6, 7, 0], finished: ["1.1 endOfText 0"]),
                .pass(
                    continuing: ["0.0", "1.0"], starting: [], tokens: [0, 0],
                    finished: ["0.0 endOfText 5,6,0", "1.0 endOfText 7,0"]),
                .idle,
            ]
        ),
        (
            "a cancelled request leaves, whether it runs or waits", limits(sequences: 2),
            [
                .add(0, samples: 1), .add(1, samples: 1), .add(2, samples: 2), .add(3, samples: 1),
                .pass(continuing: [], starting: ["0:0..<1", "1:0..<1"], tokens: [5, 6], finished: []),
                .cancel(0), .cancel(2), .cancel(9),
                .pass(
                    continuing: ["1.0"], starting: ["3:0..<1"], tokens: [0, 0],
                    finished: ["1.0 endOfText 6,0", "3.0 endOfText 0"]),
                .idle,
            ]
        ),
        (
            "a stopped sample ends with its tokens, and its request with the last one", limits(sequences: 2),
            [
                .add(0, samples: 3),
                .stop(0, 0, nil),
                .pass(continuing: [], starting: ["0:0..<2"], tokens: [5, 6], finished: []),
                .stop(0, 1, "0.1 stopText 6"), .stop(0, 1, nil), .stop(0, 2, nil), .stop(4, 0, nil),
                .pass(continuing: ["0.0"], starting: ["0:2..<3"], tokens: [7, 8], finished: []),
                .stop(0, 0, "0.0 stopText 5,7"), .stop(0, 2, "0.2 stopText 8"),
                .idle,
            ]
        ),
        (
            "samples beyond the limit wait, and requests start in order", limits(sequences: 2),
            [
                .add(0, samples: 3), .add(1, samples: 1),
                .pass(continuing: [], starting: ["0:0..<2"], tokens: [5, 0], finished: ["0.1 endOfText 0"]),
                .pass(continuing: ["0.0"], starting: ["0:2..<3"], tokens: [0, 6], finished: ["0.0 endOfText 5,0"]),
                .pass(
                    continuing: ["0.2"], starting: ["1:0..<1"], tokens: [0, 0],
                    finished: ["0.2 endOfText 6,0", "1.0 endOfText 0"]),
                .idle,
            ]
        ),
        (
            "long prompts begin one pass after the other", limits(promptRows: 5),
            [
                .add(0, samples: 1, prompt: 4), .add(1, samples: 1, prompt: 4), .add(2, samples: 1, prompt: 2),
                .pass(continuing: [], starting: ["0:0..<1"], tokens: [5], finished: []),
                .pass(
                    continuing: ["0.0"], starting: ["1:0..<1"], tokens: [0, 0],
                    finished: ["0.0 endOfText 5,0", "1.0 endOfText 0"]),
                .pass(continuing: [], starting: ["2:0..<1"], tokens: [0], finished: ["2.0 endOfText 0"]),
                .idle,
            ]
        ),
        (
            "a prompt that is too long for a pass takes several, while others run", limits(promptRows: 3),
            [
                .add(0, samples: 1, prompt: 1), .add(1, samples: 2, prompt: 7), .add(2, samples: 1, prompt: 2),
                .pass(continuing: [], starting: ["0:0..<1"], tokens: [5], finished: []),
                .pass(continuing: ["0.0"], starting: [], beginning: "1:3", tokens: [6], finished: []),
                .pass(
                    continuing: ["0.0"], starting: [], beginning: "1:6", tokens: [0], finished: ["0.0 endOfText 5,6,0"]),
                .pass(
                    continuing: [], starting: ["1:0..<2", "2:0..<1"], tokens: [0, 0, 0],
                    finished: ["1.0 endOfText 0", "1.1 endOfText 0", "2.0 endOfText 0"]),
                .idle,
            ]
        ),
        (
            "a cancelled request whose prompt has begun makes room for the next", limits(promptRows: 3, cacheBytes: 12),
            [
                .add(0, samples: 1, prompt: 7), .add(1, samples: 1, prompt: 6),
                .pass(continuing: [], starting: [], beginning: "0:3", tokens: [], finished: []),
                .cancel(0),
                .pass(continuing: [], starting: [], beginning: "1:3", tokens: [], finished: []),
                .pass(continuing: [], starting: ["1:0..<1"], tokens: [0], finished: ["1.0 endOfText 0"]),
                .idle,
            ]
        ),
        (
            "keys and values of all that runs fit into the limit, whatever their lengths", limits(cacheBytes: 12),
            [
                .add(0, samples: 1, prompt: 2, maxTokens: 6), .add(1, samples: 2, prompt: 1, maxTokens: 1),
                .add(2, samples: 1, prompt: 1, maxTokens: 3), .add(3, samples: 1, prompt: 1, maxTokens: 1),
                .pass(
                    continuing: [], starting: ["0:0..<1", "1:0..<2"], tokens: [5, 5, 5],
                    finished: ["1.0 tokenLimit 5", "1.1 tokenLimit 5"]),
                .pass(
                    continuing: ["0.0"], starting: ["2:0..<1"], tokens: [5, 5], finished: []),
                .stop(2, 0, "2.0 stopText 5"),
                .pass(
                    continuing: ["0.0"], starting: ["3:0..<1"], tokens: [0, 5],
                    finished: ["0.0 endOfText 5,5,0", "3.0 tokenLimit 5"]),
                .idle,
            ]
        ),
        (
            "a sample without probabilities ends alone", limits(),
            [
                .add(0, samples: 2), .add(1, samples: 1),
                .pass(
                    continuing: [], starting: ["0:0..<2", "1:0..<1"], tokens: [5, 5, -1], finished: ["1.0 failed"]),
                .pass(
                    continuing: ["0.0", "0.1"], starting: [], tokens: [-1, 0],
                    finished: ["0.0 failed", "0.1 endOfText 5,0"]),
                .idle,
            ]
        ),
        (
            "the context ends a completion that nothing else ends", limits(),
            [
                .add(0, samples: 1, prompt: 8),
                .pass(continuing: [], starting: ["0:0..<1"], tokens: [5], finished: []),
                .pass(continuing: ["0.0"], starting: [], tokens: [5], finished: ["0.0 contextFull 5,5"]),
                .idle,
            ]
        ),
    ]

    static func limits(
        sequences: Int = 256, promptRows: Int = 1024, cacheBytes: Int = 1000
    ) -> DecodingState.Limits {
        var limits = DecodingState.Limits()
        limits.cacheBytes = cacheBytes
        limits.sequences = sequences
        limits.promptRows = promptRows
        return limits
    }

    @Test("follows the table", arguments: tables.indices)
    func table(index: Int) throws {
        let (name, limits, steps) = Self.tables[index]
        var state = DecodingState(contextLength: 10, limits: limits) { $0 }
        for (line, step) in steps.enumerated() {
            let place = "\(name), line \(line + 1)"
            switch step {
            case .add(let id, let samples, let prompt, let maxTokens):
                let streams = (0..<samples).map { StreamName(.sampling, seed: 1, sample: $0) }
                state.add(
                    CompletionRequest(
                        prompt: [Int](repeating: 1, count: prompt), streams: streams, adapter: nil,
                        sampling: SamplingParameters(maxTokens: maxTokens, stopTokens: [0])), as: id)
            case .cancel(let id): state.cancel(id)
            case .stop(let request, let sample, let expected):
                let id = SampleID(request: request, sample: sample)
                let found = state.stop(id).map { finishedEvents([.finished(id, $0)]).joined() }
                #expect(found == expected, "\(place)")
            case .idle:
                let next = state.nextPass()
                #expect(next == nil && state.isIdle, "\(place)")
                #expect((0..<4).allSatisfy { state.request($0) == nil }, "\(place): ended requests are kept")
            case .pass(let continuing, let starting, let beginning, let tokens, let finished):
                let next = state.nextPass()
                let pass = try #require(next, "\(place)")
                #expect(pass.continuing.map(text) == continuing, "\(place)")
                #expect(pass.starting.map { "\($0.request):\($0.samples)" } == starting, "\(place)")
                #expect(pass.beginning.map { "\($0.request):\($0.rows)" } == beginning, "\(place)")
                let events = state.receive(
                    tokens.map { $0 < 0 ? nil : ScoredChoice(ScoredToken($0, logprob: -1)) })
                let expected = zip(pass.samples, tokens).filter { $1 >= 0 }.map { "\(text($0)) \($1)" }
                #expect(tokenEvents(events) == expected, "\(place)")
                #expect(finishedEvents(events) == finished, "\(place)")
            }
        }
    }

    private func text(_ id: SampleID) -> String { "\(id.request).\(id.sample)" }

    private func tokenEvents(_ events: [SamplingEvent]) -> [String] {
        events.compactMap { if case .token(let id, let chosen, _) = $0 { "\(text(id)) \(chosen.token)" } else { nil } }
    }

    private func finishedEvents(_ events: [SamplingEvent]) -> [String] {
        events.compactMap { event in
            if case .failed(let id, _) = event { return "\(text(id)) failed" }
            guard case .finished(let id, let completion) = event else { return nil }
            #expect(completion.logprobs == completion.tokens.map { _ in -1 })
            return "\(text(id)) \(completion.stop) \(completion.tokens.map(String.init).joined(separator: ","))"
        }
    }
}

/// The same on a model: whoever joins, leaves or streams, each request gets the bits it gets alone.
@Suite("Sampling sessions")
struct SamplingSessionTests {
    @Test("requests that join between tokens get the bits they get alone", arguments: [1, 2])
    func joining(threads: Int) async throws {
        let fixture = try EngineFixture(), engine = fixture.policy(threads: threads)
        let requests = fixture.mixedRequests, session = engine.session()
        var found: [Int: [Int: Completion]] = [:], waiting = requests[...], passes = 0
        while true {
            if passes.isMultiple(of: 3), let next = waiting.popFirst() { _ = try session.add(next) }
            let events = try await session.advance()
            if events.isEmpty && waiting.isEmpty { break }
            passes += 1
            for case .finished(let id, let completion) in events {
                found[id.request, default: [:]][id.sample] = completion
            }
        }
        #expect(passes > 15, "the requests hardly ran beside each other")
        for (index, request) in requests.enumerated() {
            let alone = try await engine.complete([request])
            let samples = request.streams.indices.compactMap { found[index]?[$0] }
            #expect(firstDifference([samples], alone) == nil, "request \(index)")
        }
    }

    @Test("a cancelled request has no further event and changes no other")
    func cancelling() async throws {
        let fixture = try EngineFixture(), engine = fixture.policy(), requests = fixture.mixedRequests
        let expected = try await engine.complete(requests)
        let session = engine.session()
        let ids = try requests.map(session.add)
        var found: [Int: [Int: Completion]] = [:], passes = 0
        while true {
            let events = try await session.advance()
            if events.isEmpty { break }
            passes += 1
            for event in events {
                switch event {
                case .began, .prompt: break
                case .token(let id, _, _): #expect(passes <= 2 || id.request != ids[4])
                case .finished(let id, let completion): found[id.request, default: [:]][id.sample] = completion
                case .failed(_, let error): throw error
                }
            }
            if passes == 2 { session.cancel(ids[4]) }
        }
        #expect(found[ids[4]] == nil)
        for index in requests.indices where index != 4 {
            let samples = requests[index].streams.indices.compactMap { found[ids[index]]?[$0] }
            #expect(firstDifference([samples], [expected[index]]) == nil, "request \(index)")
        }
    }

    @Test("a refused request leaves the session as it was")
    func refusing() async throws {
        let fixture = try EngineFixture(), engine = fixture.policy(), session = engine.session()
        let good = fixture.request(5, problem: 1)
        _ = try session.add(good)
        var bad = good
        bad.prompt = []
        #expect(throws: EngineError.self) { _ = try session.add(bad) }
        bad = good
        bad.adapter = [1]
        #expect(throws: EngineError.self) { _ = try session.add(bad) }
        var completion: Completion?
        while completion == nil {
            for case .finished(_, let finished) in try await session.advance() { completion = finished }
        }
        #expect(firstDifference([[try #require(completion)]], try await engine.complete([good])) == nil)
        #expect(try await session.advance().isEmpty)
    }

    @Test("a request survives being written down and read")
    func coding() throws {
        let fixture = try EngineFixture()
        for request in fixture.mixedRequests {
            let data = try JSONEncoder().encode(request)
            #expect(try JSONDecoder().decode(CompletionRequest.self, from: data) == request)
        }
    }
}
