import Testing
import TinyFoundation
import TinyRemote

@Suite("Agreement of a server with the learner")
struct AgreementTests {
    private let base: [Float] = [-1, -2, -0.5, -3, -1.5, -0.2]
    private let adapted: [Float] = [-0.5, -2.5, -0.4, -2, -2, -0.3]

    private func agreement(_ served: [Float], adapter: String? = "tl-1") -> Agreement {
        Agreement(server: "server", adapter: adapter, served: served, adapted: adapted, base: base)
    }

    @Test("an adapter that is applied shows its whole effect")
    func whole() throws {
        let found = agreement(zip(adapted, [0.01, -0.02, 0.01, 0, 0.02, -0.01]).map { $0 + $1 })
        #expect(abs(try #require(found.share) - 1) < 0.05)
        #expect(found.difference < 0.02)
        try found.require()
    }

    @Test("an answer by the base model is refused")
    func ignored() throws {
        let found = agreement(zip(base, [0.01, -0.02, 0.01, 0, 0.02, -0.01]).map { $0 + $1 })
        #expect(abs(try #require(found.share)) < 0.05)
        let error = #expect(throws: RemoteError.self) { try found.require() }
        #expect(error?.code == .disagreement)
        #expect(error?.message.contains("it answers as the base model or with another adapter") == true)
    }

    @Test("an effect that is smaller than the difference of the engines says nothing")
    func small() throws {
        let tiny = base.map { $0 + 0.001 }
        let found = Agreement(
            server: "server", adapter: "tl-1",
            served: zip(base, [0.05, -0.04, 0.03, -0.05, 0.02, 0.01]).map { $0 + $1 },
            adapted: tiny, base: base)
        #expect(found.share == nil)
        try found.require()
    }

    @Test("without an adapter there is nothing to tell apart, but another model is refused")
    func another() throws {
        let same = Agreement(server: "server", adapter: nil, served: base, adapted: base, base: base)
        #expect(same.share == nil && same.difference == 0)
        try same.require()
        let other = Agreement(
            server: "server", adapter: nil, served: base.map { $0 - 4 }, adapted: base, base: base)
        let error = #expect(throws: RemoteError.self) { try other.require() }
        #expect(error?.message.contains("for the base model are 4.0 from the learner's") == true)
    }
}
