import Testing
import TinyAdapter
import TinyEngine
import TinyFoundation
import TinyModel
import TinyRuns
import TinyServer
import TinyTestSupport

@Suite("Designs that the server's engine is ready for")
struct PreparedDesignTests {
    private let fixture: ServerFixture
    private let engine: LocalEngine

    init() throws {
        fixture = try ServerFixture.shared.get()
        engine = LocalEngine(model: fixture.loaded.model, method: nil, threads: 1)
    }

    private func design(seed: UInt64) throws -> TinyLoRADesign {
        let plan = try AdapterPlan.resolving(parameters: 13, modules: fixture.method.design.modules, rank: 2)
        return TinyLoRADesign(plan: plan, seed: seed)
    }

    /// Readies the engine, and returns the method's number.
    private func use(_ seed: UInt64, _ designs: PreparedDesigns, sharing factors: SharedFactors) throws
        -> PreparedDesign
    {
        let design = try design(seed: seed)
        return try designs.prepared(design) { try fixture.prepared(design, sharing: factors) }
    }

    /// How many designs the engine is ready for: it takes an adapter of their 13 numbers for each.
    private var methodCount: Int {
        (0..<20).count { number in
            var request = CompletionRequest(
                prompt: [1], streams: [StreamName(.sampling, seed: 1)], adapter: [Float](repeating: 0, count: 13),
                sampling: SamplingParameters(maxTokens: 1, stopTokens: []))
            request.method = number
            return (try? engine.session().add(request)) != nil
        }
    }

    @Test("are those in use and those used last")
    func limits() throws {
        var limits = PreparedDesigns.Limits()
        limits.recentDesigns = 2
        let designs = PreparedDesigns(engine, limits: limits), factors = SharedFactors()
        let first = try use(1, designs, sharing: factors)
        let numbers = try (2..<6).map { try use($0, designs, sharing: factors).method }
        #expect(Set(numbers + [first.method]).count == 5)
        #expect(methodCount == 3)
        // In use: it has the number it had.
        let known = designs[try design(seed: 1)]
        #expect(known === first)
        // Used last: 5 and now 1, so that 4 is gone, and comes back with a number of its own.
        let kept = [4, 5].map { seed in (try? design(seed: seed)).flatMap { designs[$0]?.method } }
        #expect(kept == [nil, numbers[3]])
        let again = try use(4, designs, sharing: factors)
        #expect(!numbers.contains(again.method))
    }

    @Test("take a bounded memory where nothing uses them, factors counted once", arguments: [true, false])
    func bytes(shares: Bool) throws {
        var limits = PreparedDesigns.Limits()
        let factors = SharedFactors()
        let method = try fixture.prepared(try design(seed: 1), sharing: factors)
        limits.recentBytes = 2 * (method.frozenFactors?.byteCount ?? 0)
        let designs = PreparedDesigns(engine, limits: limits)
        for seed in UInt64(1)..<7 { _ = try use(seed, designs, sharing: shares ? factors : SharedFactors()) }
        #expect(methodCount == (shares ? 6 : 2))
    }

    @Test("beyond the limit are refused with a sentence, until one is given up")
    func tooMany() throws {
        var limits = PreparedDesigns.Limits()
        limits.designs = 2
        limits.recentDesigns = 1
        let designs = PreparedDesigns(engine, limits: limits), factors = SharedFactors()
        var held = [try use(1, designs, sharing: factors), try use(2, designs, sharing: factors)]
        #expect(throws: ServerError.self) { try use(3, designs, sharing: factors) }
        held.removeFirst()
        held.append(try use(3, designs, sharing: factors))
        #expect(methodCount == 2)
    }
}
