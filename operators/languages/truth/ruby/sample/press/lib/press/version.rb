module Press; end
