import Testing
import TinyFoundation

@Suite struct ExplainedErrorTests {
    struct Whole: ExplainedError {
        let message: String
        let hint: String?
    }

    struct Short: ExplainedError {
        let message: String
    }

    @Test("an error reads as its sentence, with what to try on a second line")
    func reads() {
        #expect("\(Whole(message: "a is 1, expected 2", hint: "try 2"))" == "a is 1, expected 2\n hint: try 2")
        #expect("\(Whole(message: "a is 1, expected 2", hint: nil))" == "a is 1, expected 2")
    }

    @Test("an error that says no more than its sentence has nothing to try and nothing beneath")
    func defaults() {
        let error: any ExplainedError = Short(message: "it broke")
        #expect(error.hint == nil)
        #expect(error.underlying == nil)
        #expect("\(error)" == "it broke")
    }
}
