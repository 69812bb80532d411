import Testing
import TinyProblems

@Suite("Two values with \"or\"")
struct AlternativeTests {
    @Test(
        "are one answer where each of them is right",
        arguments: [
            (#"\boxed{\frac12\text{ or }0.5}"#, #"\frac12"#), (#"\boxed{\frac{1}{2}\text{ (or }0.5\text{)}}"#, "0.5"),
            ("The answer is 3/4 or 0.75.", "3/4"), (#"The answer is $\frac{3}{4}$ or $0.75$."#, "3/4"),
            (#"\boxed{0.5 \text{ or } 50\%}"#, "1/2"), ("So the probability is 3/4 or 0.75.", "3/4"),
            (#"\boxed{1/2 (or 0.5)}"#, "1/2"), (#"\boxed{\frac12, \text{ or } 0.5}"#, "1/2"),
            (#"\boxed{x = 2 \text{ or } x = 3}"#, "2, 3"),
        ])
    func same(completion: String, gold: String) { #expect(isAccepted(completion, gold)) }

    @Test(
        "are no answer where one is wrong",
        arguments: [
            #"\boxed{\frac12\text{ or }0.6}"#, #"\boxed{0.6\text{ or }\frac12}"#, "The answer is 1/2 or 0.6.",
            #"\boxed{\frac{1}{2}\text{ (or }0.6\text{)}}"#, "The answer is 1/2 or 2/4 or 3.",
            #"\boxed{\frac12\text{ or six}}"#, "The answer is either 1/2 or 1/3.",
        ])
    func different(completion: String) { #expect(!isAccepted(completion, #"\frac12"#)) }
}
