/// Names and their values in one scope. A name that is not here is looked for in the scope around.
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

    /// Drops everything, so that what refers back to the frame can be freed.
    func clear() { values = [:] }
}
