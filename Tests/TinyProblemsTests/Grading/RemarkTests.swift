import Testing
import TinyProblems

@Suite("Words beside a value")
struct RemarkTests {
    @Test(
        "make it no answer where they take it back or name another",
        arguments: [
            #"5\text{ to 7}"#, #"5\text{ to seven}"#, #"5\text{ cm, 7 cm}"#, #"5\text{ (but maybe 7)}"#,
            #"5\text{ is wrong}"#,
            #"\text{not } x=5"#, #"5\text{ or maybe seven}"#, #"5\text{ or more}"#, #"\text{maybe } x=5"#,
            #"\text{5 is wrong}"#,
            #"2\text{ because } x = 5"#, #"5\text{, not 7}"#, #"5\text{ cm or 7cm}"#,
        ])
    func doubtful(prediction: String) {
        for gold in ["2", "5", "7"] {
            #expect(!isAccepted("\\boxed{\(prediction)}", gold), "\(gold)")
            #expect(!isAccepted("#### $\(prediction)$", gold), "\(gold)")
        }
        #expect(isAccepted("\\boxed{\(prediction)}", prediction))
    }

    @Test(
        "are a unit, a label or a comment otherwise",
        arguments: [
            #"5\text{ m^2}"#, #"5\text{ cm}^3"#, #"5\text{ cm3}"#, #"5\text{ m$^2$}"#, #"5\text{ miles per hour}"#,
            #"5\text{ square units}"#, #"\text{The value is } 5"#, #"\text{5 apples}"#, #"5\text{ km/h}"#,
            #"5\text{ kg m^{-3}}"#,
            #"5\text{ (to two decimal places)}"#, #"5\text{ (rounded to the nearest 0.1)}"#, #"5\text{ out of 12}"#,
            #"5\text{ (approximately 5.0)}"#, #"\text{Case 1: }5"#,
            #"5\text{ (rounded to the nearest cent)}"#, #"5\text{ (to 2 decimal places)}"#, #"5\text{ per 100}"#,
            #"\text{There are 5 pens}"#, #"5\text{ for the 2nd box}"#,
        ])
    func unit(prediction: String) { #expect(isAccepted("\\boxed{\(prediction)}", "5")) }

    @Test("may be a part of notation")
    func notation() {
        #expect(isAccepted(#"\boxed{\text{H}_2\text{O}}"#, #"\text{H}_2\text{O}"#))
        #expect(isAccepted(#"\boxed{2\text{ to }3}"#, "2:3"))
        #expect(isAccepted(#"\boxed{x=1\text{ or }x=2}"#, "1,2"))
        #expect(isAccepted(#"\boxed{52\text{ (base 8)}}"#, "52_8"))
    }

    @Test(
        "may end with an exclamation mark",
        arguments: [
            "So the total is 72!", "Therefore we have 72!", "The answer is 72!", "The total is $72$!",
            #"So the total is \$72!"#,
            "So the total is 72! I hope this helps!", "So the total is **72**!",
        ])
    func exclamation(completion: String) {
        #expect(isAccepted(completion, "72"))
        #expect(!isAccepted(completion, "71"))
    }

    @Test(
        "do not make a factorial a number",
        arguments: ["So the total is $72!$", #"\boxed{72!}"#, "#### 72!", "72!", "The answer is $72!$."])
    func factorial(completion: String) { #expect(!isAccepted(completion, "72")) }

    @Test("leave a factorial one", arguments: ["The total is 5!", "The number of ways is $5!$.", "5!"])
    func keptFactorial(completion: String) { #expect(isAccepted(completion, "120") && isAccepted(completion, "5!")) }
}
