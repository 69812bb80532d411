import Foundation
import Synchronization
import Testing
import TinyAdapter
import TinyEngine
import TinyCheckpoint
import TinyFoundation
import TinyModel
import TinyRemote
import TinyTestSupport

/// A learner process: the fixture's engine behind the protocol of `Integrations/torch`.
private final class FakeLearner: Sendable {
    private let fixture: RemoteFixture
    private let failures: Mutex<Int>
    private let failure: HTTPServer.Reply
    private let known = Mutex<Set<String>>([])
    private let uploads = Mutex(0)
    private let isOtherModel = Mutex(false)

    /// Answers the first `failures` requests with `failure`.
    init(
        _ fixture: RemoteFixture, failures: Int = 0,
        failure: HTTPServer.Reply = .error(503, #"{"error": {"message": "busy"}}"#)
    ) {
        self.fixture = fixture
        self.failures = Mutex(failures)
        self.failure = failure
    }

    var failuresLeft: Int { failures.withLock { max(0, $0) } }

    var uploadCount: Int { uploads.withLock { $0 } }

    func forget() { known.withLock { $0 = [] } }

    /// As after a restart with another model.
    func becomeOtherModel() {
        forget()
        isOtherModel.withLock { $0 = true }
    }

    private struct Sequence: Decodable {
        let prompt: [Int]
        let completion: [Int]
    }

    private struct Body: Decodable {
        let basis: String?
        let adapter: [Float]?
        let temperature: Double
        let sequences: [Sequence]
        let weights: [[Float]]?
    }

    func server() throws -> HTTPServer {
        try HTTPServer { request in
            do { return try self.answer(request) } catch { return .error(500, #"{"error": {"message": "\#(error)"}}"#) }
        }
    }

    private func answer(_ request: HTTPServer.Request) throws -> HTTPServer.Reply {
        if request.path == "/health" {
            return .json(
                #"{"protocol": "tinylora-learner/1", "dtype": "float32", "device": "cpu", "ranks": 1, "torch": "2.13.0", "#
                    + #""vocab_size": 4096, "max_position_embeddings": 64}"#)
        }
        let fails = failures.withLock { count in
            count -= 1
            return count >= 0
        }
        if fails { return failure }
        if request.path == "/v1/basis" {
            let id = SHA256.hash(Array(request.body)).hexadecimal
            uploads.withLock { $0 += 1 }
            known.withLock { _ = $0.insert(id) }
            return .json(#"{"id": "\#(id)", "parameters": \#(fixture.method.parameterCount), "modules": 1}"#)
        }
        let body = try JSONDecoder().decode(Body.self, from: request.body)
        if let basis = body.basis, !known.withLock({ $0.contains(basis) }) {
            return .error(404, #"{"error": {"message": "unknown", "code": "unknown_basis"}}"#)
        }
        let sequences = body.sequences.map { ScoredSequence(prompt: $0.prompt, completion: $0.completion) }
        guard let weights = body.weights, let adapter = body.adapter else {
            let found = try waiting { [fixture] in
                try await fixture.engine.logprobs(
                    of: sequences, adapter: body.adapter, temperature: body.temperature)
            }
            let shift: Float = isOtherModel.withLock { $0 } ? 1 : 0
            return .json(#"{"logprobs": \#(found.map { $0.map { $0 - shift } })}"#)
        }
        let found = try waiting { [fixture] in
            try await fixture.engine.gradients(of: sequences, adapter: adapter, temperature: body.temperature) {
                index, _ in
                weights[index]
            }
        }
        guard case .units(let units) = found.parts else { return .error(500, "{}") }
        return .json(#"{"logprobs": \#(found.logprobs), "units": \#(units)}"#)
    }
}

@Suite("Learning in another process")
struct RemoteLearnerTests {
    private let fixture: RemoteFixture

    init() throws { fixture = try RemoteFixture() }

    private func learner(_ server: HTTPServer) async throws -> RemoteLearner {
        var settings = RemoteSettings()
        settings.longestWait = .zero
        settings.note = { _ in withExtendedLifetime(server) {} }
        return try await RemoteLearner(
            ServerAddress(server.endpoint), basis: AdapterBasis(fixture.method),
            initialAdapter: fixture.method.initialValues, judge: fixture.engine,
            vocabularySize: fixture.checkpoint.configuration.vocabularySize, probe: [7, 8, 9], settings: settings)
    }

    private let sequences = [
        ScoredSequence(prompt: [7, 8], completion: [9, 10, 11]), ScoredSequence(prompt: [7, 8], completion: [12]),
        ScoredSequence(prompt: [5], completion: [6, 7]),
    ]

    @Test("its numbers arrive with all their bits, and a process that forgot the method is sent it again")
    func bits() async throws {
        let fake = FakeLearner(fixture, failures: 1)
        let learner = try await learner(fake.server())
        #expect(learner.name.hasPrefix("torch 2.13.0, float32 on cpu, 1 rank, at http://127.0.0.1:"))
        let adapter = fixture.adapter(1)
        for _ in 1...2 {
            let mine = try await fixture.engine.gradients(of: sequences, adapter: adapter, temperature: 0.8) {
                $1.map { logprob in -logprob }
            }
            let found = try await learner.gradients(of: sequences, adapter: adapter, temperature: 0.8) {
                $1.map { logprob in -logprob }
            }
            #expect(found.logprobs == mine.logprobs)
            #expect(found.gradient == mine.gradient)
            guard case .units(let units) = found.parts else {
                Issue.record("no units")
                return
            }
            #expect(units.count == 2)
            fake.forget()
        }
        #expect(fake.uploadCount == 2)
    }

    @Test(
        "a process without memory is not asked again, one that fails ten times only, and one that is busy until it answers"
    )
    func failures() async throws {
        func error(_ status: Int) async throws -> (RemoteError?, asked: Int) {
            let failure = HTTPServer.Reply.error(status, #"{"error": {"message": "it broke"}}"#)
            let fake = FakeLearner(fixture, failures: 100, failure: failure)
            let error = await #expect(throws: RemoteError.self) { try await learner(fake.server()) }
            return (error, 100 - fake.failuresLeft)
        }
        let (memory, once) = try await error(507)
        #expect(memory?.code == .refused && memory?.message.hasSuffix("status 507: it broke") == true && once == 1)
        let (broken, tenTimes) = try await error(500)
        #expect(broken?.code == .refused && tenTimes == 10)
        #expect(broken?.message.hasSuffix("status 500: it broke (10 times)") == true)
        let busy = FakeLearner(fixture, failures: 20)
        _ = try await learner(busy.server())
        #expect(busy.failuresLeft == 0)
    }

    @Test("a process that was started again with another model is refused")
    func otherModel() async throws {
        let fake = FakeLearner(fixture), learner = try await learner(fake.server())
        let adapter = fixture.adapter(1)
        _ = try await learner.logprobs(of: sequences, adapter: adapter, temperature: 1)
        fake.becomeOtherModel()
        let error = await #expect(throws: RemoteError.self) {
            _ = try await learner.logprobs(of: sequences, adapter: adapter, temperature: 1)
        }
        #expect(error?.code == .disagreement)
        #expect(fake.uploadCount == 1)
    }

    @Test("a method that is not linear in its numbers is refused")
    func nonlinear() throws {
        let design = try LoRADesign(modules: fixture.checkpoint.configuration.modules, rank: 1, alpha: 1)
        let lora = try design.prepared(AdapterPreparation(checkpoint: fixture.checkpoint, threads: 1))
        let error = #expect(throws: RemoteError.self) { try AdapterBasis(lora) }
        #expect(error?.message == "a learner in another process trains tinylora and lora-xs, not lora")
    }

    @Test("a method with more frozen numbers than the process takes is refused")
    func large() throws {
        let design = try LoRAXSDesign(modules: fixture.checkpoint.configuration.modules, rank: 16, subspace: .random)
        let method = try design.prepared(AdapterPreparation(checkpoint: fixture.checkpoint, threads: 1))
        // 21 modules with projections of 16⁴ numbers, and factors with 2,112 rows and columns.
        #expect(try AdapterBasis(method, bodyLimit: 6 << 20).file.count > 4 * (21 * 65_536 + 16 * 2_112))
        let error = #expect(throws: RemoteError.self) { try AdapterBasis(method, bodyLimit: 5 << 20) }
        #expect(
            error?.message == "a learner in another process takes at most 5 MiB of factors and projections, and "
                + "\(design.description) has 6 MiB of them")
        #expect(error?.code == .unsupported)
    }
}
