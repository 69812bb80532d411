import Testing
import TinyFoundation
import TinyLoRA
import TinyRuns

@Suite("Memory of a run")
struct MemoryEstimateTests {
    @Test("a run that does not fit is refused with what it needs and what there is")
    func refusal() throws {
        let memory = try RunOutline(TrainingConfiguration()).memory
        try memory.requireRoom(in: memory.total)
        let error = #expect(throws: RunError.self) { try memory.requireRoom(in: memory.total - 1) }
        #expect(error?.code == .notEnoughMemory)
        let message = error?.message ?? ""
        #expect(message.hasPrefix("the run needs up to "), "\(message)")
        #expect(message.contains("and this machine has "), "\(message)")
    }

    @Test("the estimate grows with the length of a completion")
    func growth() throws {
        var short = TrainingConfiguration()
        short.rollout.maxTokens = 8
        let memory = try RunOutline(TrainingConfiguration()).memory
        #expect(try RunOutline(short).memory.cache < memory.cache)
    }
}
