/// Names and their values in one scope. Other names are looked up in the parent scope.
final class TemplateFrame {
    let parent: TemplateFrame?
    private var values: [String: TemplateObject] = [:]

    init(inside parent: TemplateFrame?) {
        self.parent = parent
    }

    subscript(name: String) -> TemplateObject? {
        get { values[name] }
        set { values[name] = newValue }
    }

    /// The value of a name here or in the nearest scope around that has it.
    func find(_ name: String) -> TemplateObject? {
        var frame: TemplateFrame? = self
        while let current = frame {
            if let value = current.values[name] { return value }
            frame = current.parent
        }
        return nil
    }

    /// Removes all values, so that objects that refer to the frame can be freed.
    func clear() { values = [:] }
}

/// The steps and bytes that a rendering may still use. Every operation spends some, so that no template runs forever or fills the
/// memory.
final class TemplateBudget {
    private let limits: ChatTemplate.Limits
    private var steps: Int
    private var bytes: Int

    init(_ limits: ChatTemplate.Limits) {
        self.limits = limits
        steps = limits.steps
        bytes = limits.bytes
    }

    /// Spends steps; one step is about the evaluation of a name.
    @inline(__always)
    func spend(_ count: Int) throws {
        steps -= min(count, limits.steps)
        if steps < 0 { throw exhausted() }
    }

    /// Spends bytes, before a text or list of this size is made.
    func build(_ count: Int) throws {
        guard count <= bytes else {
            throw TemplateError(
                .limitExceeded, "the template builds more than \(limits.bytes) bytes of text and lists",
                hint: "a larger ChatTemplate.Limits.bytes allows it")
        }
        bytes -= count
        try spend(count / 32)
    }

    /// Spends bytes for `count` pieces of `size` bytes.
    func build(_ count: Int, times size: Int) throws {
        let (total, overflow) = max(count, 0).multipliedReportingOverflow(by: max(size, 0))
        try build(overflow ? .max : total)
    }

    @inline(never)
    private func exhausted() -> TemplateError {
        TemplateError(
            .limitExceeded, "the template takes more than \(limits.steps) steps",
            hint: "a larger ChatTemplate.Limits.steps allows it")
    }
}
